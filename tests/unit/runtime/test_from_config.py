"""Runs that a config describes: what is built from its nodes, and what a changed config makes of a resume."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import nn

from accelerator.components import component
from accelerator.config.compose import compose
from accelerator.config.saved import load_saved
from accelerator.errors import ConfigError
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import TAG, read_journal
from accelerator.runtime.checkpoint.resume import prepare_resume
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.testing.tiny import TinyModel, tiny_data
from tests.unit.runtime.runs import points, run

EXPERIMENT = """# @package _global_
defaults:
  - override /callback: []
  - override /tracking: none
model: {_target_: tiny}
data: {_target_: points, num_samples: 32}
loader: {batch_size: 8}
train: {epochs: 2, log_every: 1st}
"""


@component("model", "tiny")
class Tiny(TinyModel):
    def __init__(self, num_classes: int, num_features: int = 4) -> None:
        super().__init__(num_features, num_classes)
        self.norm = nn.BatchNorm1d(num_classes)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.norm(super().forward(input))
        return normed


@component("data", "points")
def points_data(num_samples: int) -> DataSplits:
    return tiny_data(num_samples)


@component("optimizer", "plain")
class Plain(torch.optim.SGD):
    """An optimizer that knows nothing of `fused`."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, lr=lr)


COMPONENTS = [Tiny, points_data, Plain]


@pytest.fixture(autouse=True)
def _experiment(here: Path) -> None:
    (here / "configs" / "experiment" / "tiny.yaml").write_text(EXPERIMENT)


def context_of(*overrides: str) -> Context:
    return Context.from_config(compose(["experiment=tiny", *overrides]), components=COMPONENTS)


def resumed(folder: Path, *overrides: str) -> Context:
    return Context.from_config(load_saved(folder, overrides), components=COMPONENTS)


def test_a_config_trains() -> None:
    summary = run(context_of())

    assert (summary.status, summary.epoch, summary.step) == ("completed", 2, 8)
    assert {"validation/accuracy", "test/accuracy", "train/loss", "optimizer/lr"} <= summary.metrics.keys()


def test_facts_of_the_data_fill_what_the_model_leaves_open() -> None:
    assert context_of().model.second.out_features == 3
    assert context_of("+model.num_classes=5").model.second.out_features == 5


def test_norms_and_biases_do_not_decay_and_it_is_said() -> None:
    context = context_of("optimizer.weight_decay=0.3")
    (optimizer,) = context.optimization.optimizers.values()

    assert [(len(group["params"]), group["weight_decay"]) for group in optimizer.param_groups] == [(2, 0.3), (4, 0.0)]
    assert "no_decay: 4 tensors with weight_decay 0.0" in context.notes
    context.close()


@pytest.mark.parametrize(
    ("override", "is_fused"),
    [
        ("optimizer=adamw", True),
        ("optimizer=sgd", True),
        ("+optimizer.fused=false", False),
        ("+optimizer.foreach=true", False),
        ("~optimizer +optimizer._target_=plain", False),
        ("~optimizer +optimizer._target_=torch.optim.RMSprop", False),
    ],
)
def test_optimizers_are_fused_where_the_class_can_and_nobody_says_otherwise(override: str, is_fused: bool) -> None:
    context = context_of(*override.split(), "parameter_groups.no_decay=null")
    (optimizer,) = context.optimization.optimizers.values()

    assert bool(optimizer.defaults.get("fused")) == is_fused
    assert any(note.startswith("fused ") for note in context.notes) == is_fused
    assert run(context).status == "completed"


def test_several_optimizers_share_the_parameters_by_pattern() -> None:
    several = 'optimizer={first: {optimizer: {_target_: sgd, lr: 0.5}, parameters: "^first"}, rest: {optimizer: {_target_: adamw, lr: 0.1}, parameters: "^(norm|second.w)"}}'  # noqa: E501
    context = context_of("~optimizer", f"+{several}")
    assert list(context.optimization.optimizers) == ["first", "rest"]
    assert "no optimizer steps second.bias" in context.notes
    before = context.model.second.bias.clone()
    summary = run(context)

    assert (summary.metrics["optimizer/lr_first"], summary.metrics["optimizer/lr_rest"]) == (0.5, 0.1)
    assert torch.equal(context.model.second.bias, before)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (
            ("first", "absent"),
            "optimizer.b.parameters.*: 'absent' matches no parameter of the model .first.weight, first.bias",
        ),
        (
            ("first", "weight"),
            "optimizer.b.parameters.*: first.weight belongs to the optimizer a already. Give each paramet",
        ),
    ],
)
def test_patterns_that_miss_or_overlap_are_refused(patterns: tuple[str, str], message: str) -> None:
    a, b = (f"{{optimizer: {{_target_: sgd, lr: 0.1}}, parameters: {item}}}" for item in patterns)

    with pytest.raises(ConfigError, match=message):
        context_of("~optimizer", f"+optimizer={{a: {a}, b: {b}}}").build()


def test_nested_schedulers_are_given_the_optimizer() -> None:
    sequential = (
        "scheduler={_target_: torch.optim.lr_scheduler.SequentialLR, milestones: [2], schedulers: ["
        "{_target_: torch.optim.lr_scheduler.ConstantLR, factor: 0.5, total_iters: 10}, "
        "{_target_: torch.optim.lr_scheduler.ExponentialLR, gamma: 0.1}]}"
    )
    summary = run(context_of(sequential, "optimizer.lr=1.0", "train.epochs=1"))

    rates = [value for _, _, value in points(summary.run_folder, "optimizer/lr")]
    assert rates == pytest.approx([0.5, 1.0, 0.1, 0.01])  # as they are after steps 1, 2, 3 and 4


def test_a_plateau_follows_its_monitor() -> None:
    plateau = "{_target_: torch.optim.lr_scheduler.ReduceLROnPlateau, patience: 0, threshold: 10.0, factor: 0.1}"
    scheduler = f"scheduler={{scheduler: {plateau}, interval: epoch, monitor: validation/loss}}"
    context = context_of(scheduler, "optimizer.lr=1.0", "train.epochs=3")
    run(context)

    (optimizer,) = context.optimization.optimizers.values()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_any_metric_of_torchmetrics_is_computed_and_saved() -> None:
    import torchmetrics

    node = "{_target_: torchmetrics.F1Score, task: multiclass, num_classes: 3, average: macro}"
    context = context_of(f"+metric.f1={{metric: {node}, on: [train, test]}}", "checkpoint.every=1st")
    summary = run(context)
    folder = RunFolder(summary.run_folder)

    expected = torchmetrics.F1Score(task="multiclass", num_classes=3, average="macro")
    inputs, targets = tiny_data(32).test.tensors  # type: ignore[union-attr]
    context.model.eval()
    expected.update(context.model(inputs), targets)
    assert summary.metrics["test/f1"] == pytest.approx(expected.compute().item())
    assert "train/f1" in summary.metrics
    within = torch.load(folder.checkpoints / "step-00000007" / "state.pt", weights_only=True)["metrics"]["f1"]
    assert sum(within[name].sum() for name in ("tp", "fn")) == 24  # three batches of the second epoch


def test_what_is_of_a_wrong_kind_is_told() -> None:
    with pytest.raises(
        ConfigError, match="task.*: metric:accuracy gives a Accuracy, and a Task is needed. Name a task ther"
    ):
        context_of("~task", "+task._target_=metric:accuracy").build()


def test_the_arguments_of_the_loop_are_kept_for_a_resume() -> None:
    summary = TrainLoop(context_of(), steps=3).run()
    assert summary.run_folder is not None
    saved = yaml.safe_load((summary.run_folder / "config.yaml").read_text())

    assert (saved["train"]["steps"], saved["train"]["epochs"]) == (3, None)
    assert "total_steps" not in saved["train"]
    again = resumed(summary.run_folder)
    assert str(prepare_resume(again, RunFolder(summary.run_folder))) == "exact"
    assert run(again).step == 3


def test_a_changed_rate_takes_effect_and_makes_a_resume_continuous() -> None:
    first = TrainLoop(context_of(), epochs=1).run()
    again = resumed(first.run_folder, "optimizer.lr=0.5", "train.epochs=2")  # type: ignore[arg-type]
    resumption = prepare_resume(again, RunFolder(first.run_folder))  # type: ignore[arg-type]

    assert str(resumption) == "continuous: because optimizer.lr was 0.001 and is 0.5"
    assert run(again).metrics["optimizer/lr"] == 0.5


@pytest.mark.parametrize(
    ("scheduler", "told"),
    [
        ("scheduler=warmup_cosine", "continuous: because the schedule changed"),
        ("scheduler=constant", "exact"),
    ],
)
def test_a_longer_run_is_exact_unless_its_schedule_has_a_horizon(scheduler: str, told: str) -> None:
    first = run(context_of(scheduler))
    again = resumed(first.run_folder, "train.epochs=3")

    assert str(prepare_resume(again, RunFolder(first.run_folder))) == told
    assert run(again).epoch == 3
    whole = points(run(context_of(scheduler, "train.epochs=3")).run_folder, "optimizer/lr")
    assert points(first.run_folder, "optimizer/lr")[-1][2] == pytest.approx(whole[-1][2])


@pytest.mark.parametrize("override", ["tags.note=x", "loader.workers=1", "checkpoint.keep_last=7", "name=other"])
def test_what_changes_no_result_leaves_a_resume_exact(override: str) -> None:
    first = TrainLoop(context_of("+tags.note=y"), epochs=1).run()
    again = resumed(first.run_folder, override)  # type: ignore[arg-type]

    assert str(prepare_resume(again, RunFolder(first.run_folder))) == "exact"  # type: ignore[arg-type]
    again.close()


def test_tags_are_journaled_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHO", "hidden")
    summary = run(context_of("+tags.who=${oc.env:WHO}", "+tags.auth_token=hidden", "+tags.note=x"))

    records = read_journal(RunFolder(summary.run_folder).journal)
    tags = {item["name"]: item["value"] for item in records if item["kind"] == TAG}
    assert {name: tags[name] for name in ("who", "auth_token", "note")} == {
        "who": "${oc.env:WHO}",
        "auth_token": "***",
        "note": "x",
    }
    assert "hidden" not in str(tags)


def test_two_contexts_of_one_config_are_apart() -> None:
    config = compose(["experiment=tiny"])
    first, second = (Context.from_config(config, components=COMPONENTS) for _ in range(2))
    TrainLoop(first, steps=2).run()

    assert config.train.epochs == 2 and "total_steps" not in config.train
    assert run(second).step == 8
