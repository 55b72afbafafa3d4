"""A scheduler is stepped with a metric when it takes one, and only then."""

from typing import Any

import pytest

from accelerator.components import Registry
from accelerator.config.check import check_config

Compose = Any
Write = Any
FILE = "configs/scheduler/own.yaml:1"
PLATEAU = "torch.optim.lr_scheduler.ReduceLROnPlateau"
COSINE = "torch.optim.lr_scheduler.CosineAnnealingLR"


@pytest.fixture
def check(composed: Compose, registry: Registry, write: Write) -> Any:
    """The problems of the main experiment with a scheduler of its own, as text."""

    def check_here(scheduler: str) -> list[str]:
        write("scheduler/own.yaml", f"{scheduler}\n")
        config = composed("experiment=digits_resnet", "scheduler=own")
        return [str(problem) for problem in check_config(config, registry)]

    return check_here


WRONG = [
    (
        f"{{scheduler: {{_target_: {PLATEAU}}}}}",
        f"scheduler.scheduler ({FILE}): {PLATEAU} is stepped with the value of a metric (metrics), and "
        "scheduler.monitor names none. Add +scheduler.monitor=validation/loss and +scheduler.interval=epoch to the "
        "command, or the keys to the file.",
    ),
    (
        f"{{_target_: {PLATEAU}}}",
        f"scheduler (command line): {PLATEAU} is stepped with the value of a metric (metrics), and scheduler.monitor "
        "names none. Write its long form, scheduler: {scheduler: {_target_: …}, interval: epoch, "
        "monitor: validation/loss}.",
    ),
    (
        f"{{scheduler: {{_target_: {PLATEAU}}}, monitor: validation/loss}}",
        f"scheduler.monitor = 'validation/loss' ({FILE}): has no value yet when the scheduler advances with the "
        "first step (scheduler.interval=step). Add +scheduler.interval=epoch to the command, or to the file.",
    ),
    (
        f"{{scheduler: {{_target_: {COSINE}, T_max: 10}}, interval: epoch, monitor: validation/loss}}",
        f"scheduler.monitor = 'validation/loss' ({FILE}): {COSINE} is stepped with no metric. "
        "Remove it there, or add scheduler.monitor=null to the command.",
    ),
]


@pytest.mark.parametrize(("scheduler", "message"), WRONG)
def test_a_scheduler_that_cannot_step_is_told_before_a_run(scheduler: str, message: str, check: Any) -> None:
    assert check(scheduler) == [message]


@pytest.mark.parametrize(
    "scheduler",
    [
        f"{{scheduler: {{_target_: {PLATEAU}}}, interval: epoch, monitor: validation/loss}}",
        f"{{scheduler: {{_target_: {PLATEAU}}}, interval: epoch, monitor: train/loss}}",
        f"{{_target_: {COSINE}, T_max: 10}}",
        "{_target_: warmup_cosine, total_steps: 10}",
    ],
)
def test_a_scheduler_that_can_step_is_no_problem(scheduler: str, check: Any) -> None:
    assert check(scheduler) == []
