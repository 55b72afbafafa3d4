"""SIGKILL of a pipeline's runner at every change that it makes: nothing is done twice, and nothing is lost."""

from pathlib import Path

import pytest

from tests.faults.pipeline_boundaries import outcome_of_fault, outcomes_of_kills

ENDED = ("completed", {"first": 1, "sum": 1}, 7.0)


def test_a_runner_killed_before_any_change_is_gone_on_with_and_no_step_runs_twice(tmp_path: Path) -> None:
    found = outcomes_of_kills(tmp_path)

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
    assert outcome_of_fault(tmp_path / "project", fault) == ("completed", {"first": calls, "sum": 1}, 7.0)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_so_is_one_killed_before_it_opens_any_file_to_write(tmp_path: Path) -> None:
    found = outcomes_of_kills(tmp_path, also_opened=True)

    assert len(found) > 60
    assert found == dict.fromkeys(found, ENDED)
