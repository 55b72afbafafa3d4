"""SIGKILL of a pipeline's runner at every change that it makes: nothing is done twice, and nothing is lost."""

import os
from pathlib import Path

import pytest

from tests.faults.pipeline_boundaries import (
    brought_to_the_end,
    is_killed,
    killed_everywhere,
    make_project,
)
from tests.unit.pipeline.conftest import start_as_forks

ENDED = ("completed", {"first": 1, "sum": 1}, 7.0)
"""Its status, how often each step was called in all, and what the last one gave."""


@pytest.fixture(autouse=True)
def _forks(monkeypatch: pytest.MonkeyPatch) -> None:
    start_as_forks(monkeypatch)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # what is written outlives a kill without it


def test_a_runner_killed_before_any_change_is_gone_on_with_and_no_step_runs_twice(tmp_path: Path) -> None:
    found = {place: brought_to_the_end(steps) for place, steps in killed_everywhere(tmp_path)}

    assert len(found) > 30
    assert found == dict.fromkeys(found, ENDED)


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        ("os.kill(os.getppid(), 9)\ntime.sleep(0.5)", 1),
        ("if step_context.attempt == 1:\n    os.kill(os.getppid(), 9)\n    os.kill(os.getpid(), 9)", 2),
    ],
    ids=["and the step runs on", "together with the step"],
)
def test_a_runner_killed_inside_a_step_takes_what_it_gave_or_goes_on_with_it(
    tmp_path: Path, fault: str, calls: int
) -> None:
    steps = make_project(tmp_path / "project")
    steps.write("fault_first", fault)

    assert is_killed(steps)

    assert brought_to_the_end(steps) == ("completed", {"first": calls, "sum": 1}, 7.0)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_so_is_one_killed_before_it_opens_any_file_to_write(tmp_path: Path) -> None:
    found = {place: brought_to_the_end(steps) for place, steps in killed_everywhere(tmp_path, also_opened=True)}

    assert len(found) > 60
    assert found == dict.fromkeys(found, ENDED)
