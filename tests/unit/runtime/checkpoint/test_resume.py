"""A run that was broken off and resumed ends with the same bits as one that was not."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from accelerator.config.schema import LoaderConfig
from accelerator.domain.cross.metrics import Accuracy
from accelerator.domain.cross.schedulers import warmup_cosine
from accelerator.errors import CheckpointError, ConfigError, RunLockedError
from accelerator.runs.checkpoints import list_checkpoints
from accelerator.runs.folder import RunFolder
from accelerator.runtime.checkpoint.resume import prepare_resume
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.events import Callback
from accelerator.runtime.losses import LossTerm
from accelerator.runtime.metrics import MetricTerm
from accelerator.runtime.task import LossValue
from accelerator.testing.tiny import TinyModel, tiny_data
from tests.unit.runtime.runs import At, Stop, assert_same, break_off, points, run, tiny_context, weights


class Noisy(Dataset[Any]):
    """Draws from every global generator."""

    def __init__(self) -> None:
        self._points = tiny_data(32).train

    def __len__(self) -> int:
        return 32

    def __getitem__(self, index: int) -> Any:
        inputs, target = self._points[index]  # type: ignore[index]
        return inputs + torch.rand(4) * 0.1 + random.random() * 0.1 + float(np.random.rand()) * 0.1, target


class Dropping(TinyModel):
    """With dropout, batch norm, and an extra state that is no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.dropout(self.norm(super().forward(input)), 0.2, self.training)

    def get_extra_state(self) -> Any:
        return {"version": 3}

    def set_extra_state(self, state: Any) -> None:
        assert state == {"version": 3}


class Momentum(nn.Module):
    """A loss with a memory: it is scaled by the mean of the losses before."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.ones(()))

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        loss = nn.functional.cross_entropy(prediction, target)
        self.mean = 0.9 * self.mean + 0.1 * loss.detach()
        return loss / self.mean


class Tokens(nn.Module):
    def forward(self, prediction: Tensor, target: Tensor) -> LossValue:
        losses = nn.functional.cross_entropy(prediction, target, reduction="none")
        return LossValue((losses * (target > 0)).sum(), (target > 0).sum())


class Counting(Callback):
    """Remembers, and draws from the global generator, and changes what is trained."""

    def __init__(self) -> None:
        self.seen = 0

    def on_batch_end(self, context: Context) -> None:
        self.seen += 1
        context.log("seen", self.seen, every="3st", reduce="sum")
        context.log("drawn", torch.rand(()))

    def on_run_start(self, context: Context) -> None:
        torch.rand(7)

    def on_step_start(self, context: Context) -> None:
        for parameter in context.trained:
            assert parameter.grad is not None
            parameter.grad.mul_(1 + 0.01 * self.seen)

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seen = state["seen"]


def _jitter(sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    return {**sample, "input": sample["input"] + float(rng.normal()) * 0.1}


def _jitter_batch(batch: dict[str, Any], rng: Any) -> dict[str, Any]:
    return {**batch, "input": batch["input"] + rng.normal().unsqueeze(1)}


def _jitter_globally(sample: dict[str, Any]) -> dict[str, Any]:
    return {**sample, "input": sample["input"] + torch.randn(()) * 0.1}


SCENARIOS: dict[str, dict[str, Any]] = {
    "plain": {},
    "dropout": {"model": Dropping},
    "accumulation": {"loader": LoaderConfig(batch_size=8, micro_batch_size=2)},
    "items": {"loss": Tokens, "loader": LoaderConfig(batch_size=8, micro_batch_size=4)},
    "several losses": {"loss": lambda: {"a": LossTerm(nn.CrossEntropyLoss(), 0.5), "b": LossTerm(Tokens())}},
    "loss with a memory": {"loss": Momentum},
    "global randomness": {"data": lambda: DataSplits(Noisy(), tiny_data(32).validation)},
    "workers": {
        "data": lambda: DataSplits(Noisy(), tiny_data(32).validation),
        "loader": LoaderConfig(batch_size=8, workers=2),
        "sample_transforms": lambda: {"jitter": _jitter, "other": _jitter_globally},
    },
    "transforms": {"transforms": lambda: {"jitter": _jitter_batch}},
    "metrics": {"metrics": lambda: {"accuracy": MetricTerm(Accuracy(), on=("train", "validation"))}},
    "callback": {"callbacks": lambda: {"counting": Counting()}},
    "sparse log": {"train": {"log_every": "3st"}},
    "no validation": {"data": lambda: DataSplits(tiny_data(32).train)},
    "steps": {"train": {"epochs": None, "steps": 8, "validate_every": "3st"}},
}  # fmt: skip


def make(scenario: str, *, checkpoint: Any = None, **more: Any) -> Context:
    """Build a context of a scenario anew: what a new process would do."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        parts = {name: item() if callable(item) else item for name, item in SCENARIOS[scenario].items()}
        model = parts.pop("model", None) or TinyModel()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True)
    callbacks = {**parts.pop("callbacks", {}), **more.pop("callbacks", {})}
    return tiny_context(
        model,
        optimizer=optimizer,
        scheduler=warmup_cosine(optimizer, 8),
        record=True,
        callbacks=callbacks,
        checkpoint=checkpoint or {"every": "1st", "keep_last": 3},
        **{**parts, **more},
    )


def newest(here: Path) -> RunFolder:
    return RunFolder(max((here / "outputs" / "run").iterdir(), key=lambda path: path.stat().st_mtime_ns))


def assert_same_end(here: Path, scenario: str, broken: Context, **resumed: Any) -> Any:
    """Break a run off, resume it, and compare it with one that was let run."""
    reference = make(scenario)
    expected = run(reference)
    try:
        run(broken)
    except Stop:
        pass
    folder = newest(here)
    again = make(scenario, **resumed)
    torch.manual_seed(12345)  # whatever the new process has drawn
    resumption = prepare_resume(again, folder)
    found = run(again)

    assert str(resumption) == "exact"
    assert found.run_folder == folder.path != expected.run_folder
    assert_same(weights(again.model), weights(reference.model))
    assert _model_bytes(found) == _model_bytes(expected)
    assert sorted(points(found.run_folder)) == sorted(points(expected.run_folder))
    assert found.metrics == expected.metrics
    assert (found.epoch, found.step, found.best) == (expected.epoch, expected.step, expected.best)
    return resumption


def _model_bytes(summary: Any) -> bytes:
    content: bytes = (summary.run_folder / "checkpoints" / summary.checkpoint / "model.safetensors").read_bytes()
    return content


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_resume_within_an_epoch_repeats_the_same_bits(scenario: str, here: Path) -> None:
    resumption = assert_same_end(here, scenario, make(scenario, callbacks={"break": At(6, break_off)}))

    assert resumption.step == 5


@pytest.mark.parametrize("step", [1, 2, 4, 5, 8])
def test_a_resume_from_any_step_repeats_the_same_bits(step: int, here: Path) -> None:
    """Step 5 is broken off before its checkpoint, so that the run goes on from the end of the first epoch."""
    assert_same_end(here, "metrics", make("metrics", callbacks={"break": At(step, break_off)}))


class During(Callback):
    """Fails, or asks to stop as Ctrl-C does, within the pass of a split."""

    def __init__(self, split: str, step: int, *, signal: bool) -> None:
        self._split, self._step, self._signal = split, step, signal

    def on_validation_batch_end(self, context: Context) -> None:
        self._act(context)

    def on_test_batch_end(self, context: Context) -> None:
        self._act(context)

    def _act(self, context: Context) -> None:
        if (context.state.split, context.state.step) != (self._split, self._step):
            return
        if not self._signal:
            raise Stop
        context.state.stop_signal, context.state.stop_reason = 2, "stopped by SIGINT"


@pytest.mark.parametrize("signal", [True, False], ids=["stopped", "killed"])
@pytest.mark.parametrize(
    ("scenario", "split", "step"),
    [("metrics", "validation", 4), ("metrics", "validation", 8), ("steps", "validation", 3), ("plain", "test", 8)],
)
def test_a_resume_after_an_end_within_an_evaluation(
    scenario: str, split: str, step: int, signal: bool, here: Path
) -> None:
    assert_same_end(here, scenario, make(scenario, callbacks={"end": During(split, step, signal=signal)}))


@pytest.mark.parametrize("step", [3, 4, 6])
def test_a_resume_after_a_signal_goes_on_from_that_very_step(step: int, here: Path) -> None:
    def stop(context: Context) -> None:
        context.state.stop_signal, context.state.stop_reason = 2, "stopped by SIGINT"

    rare = {"every": "1ep", "keep_last": 3}
    resumption = assert_same_end(here, "metrics", make("metrics", checkpoint=rare, callbacks={"stop": At(step, stop)}))

    assert resumption.step == step


def test_a_completed_run_that_is_resumed_stays_as_it_is(here: Path) -> None:
    expected = run(make("plain"))
    again = make("plain")
    prepare_resume(again, newest(here))
    found = run(again)

    assert found.status == "completed" and found.step == 8
    assert points(found.run_folder) == points(expected.run_folder)


def broken_off(here: Path, step: int = 6, **options: Any) -> RunFolder:
    with pytest.raises(Stop):
        run(make("plain", callbacks={"break": At(step, break_off)}, **options))
    return newest(here)


def _truncate(path: Path) -> None:
    file = path / "state.pt"
    file.write_bytes(file.read_bytes()[:-100])


def _flip(path: Path) -> None:
    file = path / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def _without_manifest(path: Path) -> None:
    (path / "manifest.json").unlink()


def _changed_manifest(path: Path) -> None:
    file = path / "manifest.json"
    file.write_text(file.read_text().replace('"step": 5', '"step": 6'))


def _without_model(path: Path) -> None:
    (path / "model.safetensors").unlink()


DAMAGES = [_truncate, _flip, _without_manifest, _changed_manifest, _without_model]
SAYS = ["state.pt is damaged", "model.safetensors is damaged", "cannot be read", "is damaged", "safetensors is missing"]


@pytest.mark.parametrize(("damage", "says"), list(zip(DAMAGES, SAYS, strict=True)))
def test_a_damaged_checkpoint_is_passed_over_told_and_replaced(damage: Any, says: str, here: Path) -> None:
    expected = run(make("plain"))
    folder = broken_off(here)
    damage(folder.checkpoints / "step-00000005")
    again = make("plain")
    resumption = prepare_resume(again, folder)
    found = run(again)

    assert resumption.step == 4
    assert len(resumption.damaged) == 1 and says in resumption.damaged[0]
    assert "passed over a checkpoint" in folder.log.read_text() and says in folder.log.read_text()
    assert points(found.run_folder, "train/loss") == points(expected.run_folder, "train/loss")
    assert [path.name for path in list_checkpoints(folder.checkpoints)][-1] == "step-00000008"


def test_a_damaged_checkpoint_is_never_the_last_one_of_the_resumed_run(here: Path) -> None:
    folder = broken_off(here)
    _flip(folder.checkpoints / "step-00000005")
    _flip(folder.checkpoints / "step-00000004")
    again = make("plain", callbacks={"break": At(5, break_off)})
    prepare_resume(again, folder)
    with pytest.raises(Stop):
        run(again)

    assert (folder.checkpoints / "last").read_text().strip() == "step-00000004"
    assert prepare_resume(make("plain"), folder).step == 4


def test_checkpoints_that_are_all_damaged_are_an_error(here: Path) -> None:
    folder = broken_off(here)
    for path in list_checkpoints(folder.checkpoints):
        _flip(path)

    with pytest.raises(
        CheckpointError, match="No checkpoint of .* is sound. .*model.safetensors is damaged.* Start a n"
    ):
        prepare_resume(make("plain"), folder)


def test_a_state_that_would_run_code_is_not_loaded(here: Path) -> None:
    import hashlib
    import pickle

    folder = broken_off(here)
    for path in list_checkpoints(folder.checkpoints):
        torch.save({"counters": Evil()}, path / "state.pt", pickle_module=pickle)
        manifest = json.loads((path / "manifest.json").read_text())
        content = (path / "state.pt").read_bytes()
        manifest["files"]["state.pt"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        text = json.dumps(manifest)
        (path / "manifest.json").write_text(text)
        (path / "manifest.sha256").write_text(hashlib.sha256(text.encode()).hexdigest())

    with pytest.raises(CheckpointError, match="state.pt is not the state of a run: Weights only load failed"):
        prepare_resume(make("plain"), folder)
    assert not (here / "evil").exists()


class Evil:
    def __reduce__(self) -> Any:
        import os

        return os.system, ("touch evil",)


def test_a_run_killed_before_its_first_checkpoint_starts_again_in_its_folder(here: Path) -> None:
    expected = run(make("plain"))
    folder = broken_off(here, 3, checkpoint={"every": "1ep"})
    again = make("plain")
    resumption = prepare_resume(again, folder)
    found = run(again)

    assert (resumption.step, resumption.checkpoint, str(resumption)) == (0, None, "exact")
    assert found.run_folder == folder.path
    assert points(found.run_folder) == points(expected.run_folder)


def test_a_running_run_is_not_resumed(here: Path) -> None:
    def resume(context: Context) -> None:
        assert context.run_folder is not None
        with pytest.raises(RunLockedError, match=r"is being written by process \d+ on .*Wait for it, or stop it first"):
            prepare_resume(make("plain"), RunFolder(context.run_folder))

    assert run(make("plain", callbacks={"resume": At(2, resume)})).status == "completed"


def test_a_longer_run_goes_on_and_keeps_the_steps_before(here: Path) -> None:
    short = run(make("plain"))
    again = make("plain", train={"epochs": 3})
    resumption = prepare_resume(again, RunFolder(short.run_folder))
    found = run(again)

    assert str(resumption) == "exact"  # nothing of this run depends on its length: its schedule was given as an object
    assert (found.epoch, found.step) == (3, 12)
    assert [step for _, step, _ in points(found.run_folder, "train/loss")] == list(range(1, 13))


def test_other_threads_make_a_resume_continuous_when_they_are_asked_for(here: Path) -> None:
    from accelerator.runtime.engine.single import SingleEngine

    folder = broken_off(here)

    assert str(prepare_resume(make("plain", engine=SingleEngine(threads=2)), folder)) == (
        "continuous: because threads was 1 and is 2"
    )


def test_threads_of_the_run_are_taken_up_when_none_are_asked_for(here: Path) -> None:
    folder = broken_off(here)
    torch.set_num_threads(2)
    again = make("plain")

    assert str(prepare_resume(again, folder)) == "exact"
    assert torch.get_num_threads() == 1
    again.close()
    assert torch.get_num_threads() == 2


def test_other_batches_make_a_resume_continuous(here: Path) -> None:
    folder = broken_off(here)
    again = make("plain", loader=LoaderConfig(batch_size=4, workers=1))
    resumption = prepare_resume(again, folder)

    assert str(resumption) == "continuous: because loader.batch_size was 8 and is 4"


def test_a_changed_key_is_told_again_when_the_first_resume_saved_nothing(here: Path) -> None:
    folder = broken_off(here)
    first = make(
        "plain", loader=LoaderConfig(batch_size=4), callbacks={"break": At(6, break_off)}, checkpoint={"every": "1ep"}
    )
    prepare_resume(first, folder)
    with pytest.raises(Stop):
        run(first)

    again = make("plain", loader=LoaderConfig(batch_size=4))
    assert str(prepare_resume(again, folder)) == "continuous: because loader.batch_size was 8 and is 4"


def test_another_model_is_refused(here: Path) -> None:
    folder = broken_off(here)
    model = TinyModel(num_classes=5)

    with pytest.raises(ConfigError, match="model: they do not fit the model: size mismatch for second.weight"):
        prepare_resume(tiny_context(model, record=True), folder)


def test_leftovers_of_a_kill_are_removed(here: Path) -> None:
    folder = broken_off(here)
    for name in ("step-00000006.partial", "step-00000005.replaced"):
        (folder.checkpoints / name).mkdir()
    again = make("plain")
    assert prepare_resume(again, folder).step == 5
    run(again)

    assert {path.name for path in folder.checkpoints.iterdir()} == {
        "best",
        "last",
        *(path.name for path in list_checkpoints(folder.checkpoints)),
    }
