"""Losses and metrics are called with as many values as they take, and a task that needs a loss has one."""

from typing import Any

import pytest

from accelerator.components import Registry
from accelerator.config.check import check_config

Compose = Any
Write = Any

OWN = """\
import functools
from collections.abc import Mapping

import torch

from accelerator import Context, StepResult, Task, gives


def size(prediction, *, scale: float = 1.0):
    return prediction.abs().mean() * scale


def difference(prediction, target, scale):
    return (prediction - target).abs().mean() * scale


def make() -> torch.nn.Module:
    return torch.nn.MSELoss()


class Remembered:
    def __call__(self):
        return torch.tensor(0.0, requires_grad=True)


class Many:
    def __call__(self, first, *more):
        return first.mean()


class Batches:
    def update(self):
        pass


class Alone(Task):
    def training_step(self, context: Context, batch: Mapping) -> StepResult:
        return StepResult(context.model(batch["input"]).mean(), {}, 1)

    def prediction_step(self, context, batch):
        return {}


@gives("prediction")
class Declared(Alone):
    pass
"""


@pytest.fixture
def check(composed: Compose, registry: Registry, write: Write) -> Any:
    """The problems of the main experiment with overrides, as text; components of the project's own are at hand."""
    place = write("main.yaml", "defaults: [base, _self_, experiment: null]\n").parents[1]
    (place / "own.py").write_text(OWN, encoding="utf-8")

    def check_here(*overrides: str) -> list[str]:
        return [str(problem) for problem in check_config(composed("experiment=digits_resnet", *overrides), registry)]

    return check_here


WRONG = [
    (
        "loss=null",
        "loss (command line): there is none to train on, and the task (accelerator.domain.cross.tasks."
        "ClassificationTask) needs one. Choose one, such as loss=cross_entropy.",
    ),
    (
        "loss.cross_entropy=null",
        "loss.cross_entropy (command line): there is none to train on, and the task (accelerator.domain.cross.tasks."
        "ClassificationTask) needs one. Leave loss.cross_entropy=null out, or add another loss.",
    ),
    (
        "loss.cross_entropy.inputs=[]",
        "loss.cross_entropy.inputs = [] (command line): torch.nn.CrossEntropyLoss takes 2 values (input, target), and "
        "none is named. Write loss.cross_entropy.inputs=[prediction,target].",
    ),
    (
        "loss.cross_entropy.inputs=[prediction]",
        "loss.cross_entropy.inputs = ['prediction'] (command line): torch.nn.CrossEntropyLoss takes 2 values "
        "(input, target), and 1 is named. Write loss.cross_entropy.inputs=[prediction,target].",
    ),
    (
        "metric.accuracy.inputs=[]",
        "metric.accuracy.inputs = [] (command line): accelerator.domain.cross.metrics.Accuracy takes 2 values "
        "(prediction, target), and none is named. Write metric.accuracy.inputs=[prediction,target].",
    ),
    (
        "+loss.x={loss: {_target_: own.size, scale: 2.0}, inputs: [prediction, target]}",
        "loss.x.inputs = ['prediction', 'target'] (command line): own.size takes 1 value (prediction), and 2 are "
        "named. Write loss.x.inputs=[prediction].",
    ),
    (
        "+loss.x={_target_: own.size}",
        "loss.x (command line): own.size takes 1 value (prediction), and where no inputs stand it is called with "
        "prediction and target. Write its long form, x: {loss: {_target_: …}, inputs: [prediction]}.",
    ),
    (
        "+loss.x={loss: {_target_: own.size}}",
        "loss.x (command line): own.size takes 1 value (prediction), and where no inputs stand it is called with "
        "prediction and target. Add +loss.x.inputs=[prediction] to the command.",
    ),
    (
        "+loss.x={loss: {_target_: own.Many}, inputs: []}",
        "loss.x.inputs = [] (command line): own.Many takes at least 1 value (first), and none is named. "
        "Write loss.x.inputs=[prediction,target].",
    ),
    (
        "+metric.x={metric: {_target_: torchmetrics.MeanMetric}, inputs: [prediction, target, input]}",
        "metric.x.inputs = ['prediction', 'target', 'input'] (command line): torchmetrics.MeanMetric takes 1 to 2 "
        "values (value, weight=…), and 3 are named. Write metric.x.inputs=[prediction,target].",
    ),
]


@pytest.mark.parametrize(("override", "message"), WRONG)
def test_a_call_that_cannot_succeed_is_told_before_a_run(override: str, message: str, check: Any) -> None:
    assert check(override) == [message]


RIGHT = [
    "loss.cross_entropy.inputs=[target,target]",
    "+loss.x={loss: {_target_: own.size}, inputs: [prediction]}",
    "+loss.x={_target_: own.difference, scale: 2.0}",
    "+loss.x={_target_: own.make}",
    "+loss.x={loss: {_target_: own.make}, inputs: [prediction]}",
    "+loss.x={loss: {_target_: own.Remembered}, inputs: []}",
    "+loss.x={_target_: own.Many}",
    "+metric.x={metric: {_target_: own.Batches}, inputs: []}",
    "+metric.x={_target_: torchmetrics.Accuracy, task: multiclass, num_classes: 10}",
    "+metric.x={_target_: torchmetrics.classification.MulticlassAccuracy, num_classes: 10}",
    "+metric.x={metric: {_target_: torchmetrics.MeanMetric}, inputs: [prediction]}",
    "metric=null",
]


@pytest.mark.parametrize("override", RIGHT)
def test_a_call_that_may_succeed_is_no_problem(override: str, check: Any) -> None:
    assert check(override) == []


@pytest.mark.parametrize("task", ["own.Alone", "own.Declared"])
def test_a_task_that_makes_its_own_loss_needs_none(task: str, check: Any) -> None:
    assert check(f"task={{_target_: {task}}}", "~task.inputs", "loss=null", "metric=null") == []
