"""Pipelines that are killed: brought to their end by the same command, with the same figures as an undisturbed one."""

from pathlib import Path

import pytest

from tests.faults.pipeline_kills import make_project, results, run_killed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_project(tmp_path_factory.mktemp("undisturbed"))
    run_killed(project, seed=0, kills=0, span_s=0.0)
    return project


@pytest.mark.timeout(300)
def test_a_pipeline_killed_three_times_ends_as_an_undisturbed_one(undisturbed: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")

    run_killed(project, seed=1, kills=3, span_s=7.0)

    assert results(project) == results(undisturbed)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
def test_a_pipeline_killed_five_times_more_ends_as_an_undisturbed_one(
    undisturbed: Path, tmp_path: Path, seed: int
) -> None:
    project = make_project(tmp_path / "project")

    run_killed(project, seed=100 + seed, kills=5, span_s=12.0)

    assert results(project) == results(undisturbed)
