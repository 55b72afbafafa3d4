"""The life of a context, and contexts made from objects."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from accelerator import Context, DataSplits, TrainLoop
from accelerator.config.schema import LoaderConfig
from accelerator.domain.cross.mlp import MLP
from accelerator.errors import AcceleratorError, ConfigError
from accelerator.runtime.events import Callback
from accelerator.runtime.loop.evaluation_loop import EvaluationLoop
from accelerator.testing.tiny import TinyModel, tiny_data
from tests.unit.runtime.data.sets import NoisyNumbers
from tests.unit.runtime.runs import At, Hear, run, tiny_context


def test_a_context_is_created_built_running_and_closed() -> None:
    seen: list[str] = []
    context = tiny_context(callbacks={"look": At(1, lambda context: seen.append(context.status))})
    assert context.status == "created"
    assert context.model is context.model and context.status == "built"
    run(context)

    assert seen == ["running"]
    assert context.status == "closed"
    assert isinstance(context.model, TinyModel)  # what was trained stays at hand


def test_a_part_of_a_context_that_was_closed_before_it_was_built_is_refused() -> None:
    context = tiny_context()
    context.close()
    context.close()

    with pytest.raises(
        AcceleratorError, match="context.model: this context is closed. Make a new one for another run."
    ):
        context.model  # noqa: B018


def test_what_a_context_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Context has no attribute 'modle'"):
        tiny_context().modle  # noqa: B018


def test_the_form_of_the_design_trains_and_tests(here: Path) -> None:
    data = tiny_data(64)
    model = TinyModel()
    context = Context(
        model=model,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=torch.optim.AdamW(model.parameters(), lr=1e-2),
        data=DataSplits(train=data.train, test=data.test),
        batch_size=32,
    )
    summary = TrainLoop(context, epochs=3).run()

    assert (summary.status, summary.epoch, summary.step) == ("completed", 3, 6)
    assert summary.metrics["test/loss"] > 0
    assert summary.run_folder is not None and summary.run_folder.parent == here / "outputs" / "run"
    assert context.run_folder == summary.run_folder


def test_everything_the_design_lists_can_be_given() -> None:
    from accelerator.domain.cross.metrics import Accuracy
    from accelerator.runtime.engine.single import SingleEngine

    model, hear = TinyModel(), Hear()
    context = Context(
        model=model,
        loss={"ce": nn.CrossEntropyLoss()},
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        data=tiny_data(16).train,
        callbacks={"hear": hear},
        metrics={"accuracy": Accuracy()},
        transforms={"scale": lambda batch: {**batch, "input": batch["input"] * 2}},
        engine=SingleEngine("cpu"),
        seed=3,
        name="mine/own",
        record=False,
    )
    summary = TrainLoop(context, steps=2).run()

    assert summary.step == 2 and hear.heard[0] == "run_start"


def test_a_run_that_is_not_recorded_leaves_no_file(here: Path) -> None:
    before = sorted(here.rglob("*"))
    context = tiny_context()
    summary = run(context)

    assert (summary.run_folder, summary.checkpoint, context.run_folder) == (None, None, None)
    assert summary.metrics["validation/loss"] > 0
    assert sorted(here.rglob("*")) == before


def test_artifacts_of_a_run_that_is_not_recorded_have_no_effect(here: Path) -> None:
    def draw(context: Context) -> None:
        context.log_text("a", "b")
        context.log_image("c", torch.zeros(2, 2))

    run(tiny_context(callbacks={"draw": At(1, draw)}))

    assert not (here / "outputs").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_lazy_model_takes_its_shape_from_the_data(workers: int) -> None:
    model = MLP(num_classes=3)
    noisy = NoisyNumbers(12)
    targets = DataSplits(_Classes(noisy))
    context = tiny_context(model, data=targets, optimizer={}, loader=LoaderConfig(batch_size=4, workers=workers))
    assert context.model.layers[1].weight.shape == (128, 4)
    context.optimization.optimizers.update(  # type: ignore[attr-defined]
        sgd=torch.optim.SGD(model.parameters(), lr=0.1)
    )

    assert run(context).step == 6


class _Classes(torch.utils.data.Dataset[Any]):
    def __init__(self, numbers: NoisyNumbers) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> Any:
        return {**self._numbers[index], "target": index % 3}


def test_a_lazy_model_without_a_batch_is_refused() -> None:
    with pytest.raises(
        ConfigError,
        match="model: has lazy modules, and there is no batch to shape them by. Give it data; with loader.drop_last",
    ):
        tiny_context(MLP(num_classes=3), data=DataSplits(None), optimizer={}).build()


def test_a_monitor_that_nothing_computes_is_refused_before_training() -> None:
    with pytest.raises(
        ConfigError, match="checkpoint.monitor: 'validation/acuracy' is nothing that this run computes."
    ):
        tiny_context(checkpoint={"monitor": "validation/acuracy"}).build()


def test_several_validation_sets_are_named_and_summed_up() -> None:
    data = tiny_data(32)
    inputs, targets = data.validation.tensors  # type: ignore[union-attr]
    sets = {
        "near": torch.utils.data.TensorDataset(inputs[:4], targets[:4]),
        "far": torch.utils.data.TensorDataset(inputs[4:], targets[4:]),
        "none": torch.utils.data.TensorDataset(inputs[:0], targets[:0]),
    }
    summary = run(tiny_context(data=DataSplits(data.train, sets), record=True))
    whole = run(tiny_context(data=DataSplits(data.train, data.validation)))

    metrics = summary.metrics
    weighted = (4 * metrics["validation/near/loss"] + 12 * metrics["validation/far/loss"]) / 16
    assert metrics["validation/loss"] == pytest.approx(weighted)
    assert metrics["validation/loss"] == pytest.approx(whole.metrics["validation/loss"])
    assert summary.best is not None and summary.best["metric"] == "validation/loss"


def test_an_evaluation_is_a_run_of_its_own() -> None:
    context = tiny_context(record=True)
    before = torch.get_rng_state()
    summary = EvaluationLoop(context, "validation").run()

    assert summary.status == "completed" and summary.seconds > 0
    assert set(summary.metrics) == {"validation/loss"}
    assert summary.run_folder is not None and not (summary.run_folder / "checkpoints").exists()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_split_that_there_is_not_is_told() -> None:
    with pytest.raises(ConfigError, match="split: the data has no split 'test' to evaluate on. There: validation."):
        EvaluationLoop(tiny_context(data=DataSplits(None, tiny_data(8).validation))).run()


class Modes(Callback):
    def __init__(self, modes: list[list[bool]]) -> None:
        self._modes = modes

    def on_validation_batch_end(self, context: Context) -> None:
        self._modes.append([item.training for item in context.model.modules()])

    def on_epoch_end(self, context: Context) -> None:
        self.on_validation_batch_end(context)


def test_an_evaluation_leaves_the_modes_of_all_modules_as_they_were() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.9))
    model[0].eval()
    modes: list[list[bool]] = []
    run(tiny_context(model, callbacks={"look": Modes(modes)}, train={"epochs": 1}))

    assert modes[0] == [False, False, False]
    assert modes[-1] == [True, False, True]
