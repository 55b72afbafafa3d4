"""A piece of work as a run: what has no steps is ended by a signal at once."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.experiment.execution import carry_out
from accelerator.experiment.piece_of_work import run_work
from accelerator.runtime.context import Context


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_piece_of_work_at_once(number: signal.Signals, code: int, tmp_path: Path) -> None:
    overrides = ["experiment=digits_resnet", "model=mlp", "tracking=none", f"paths.output={tmp_path}"]
    context = Context.from_config(compose(overrides, project=Project(tmp_path)))
    before = signal.getsignal(number)
    reached: list[str] = []

    outcome = carry_out(context, lambda: run_work(context, _interrupted_by(number, reached)))

    assert (outcome.summary.status, outcome.exit_code, reached) == ("interrupted", code, ["before"])
    assert signal.getsignal(number) is before


def _interrupted_by(number: signal.Signals, reached: list[str]) -> Callable[[], None]:
    def work() -> None:
        reached.append("before")
        signal.raise_signal(number)
        reached.append("after")

    return work
