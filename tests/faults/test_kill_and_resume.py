"""SIGKILL from another process, anywhere; then the same end, bit for bit, as without it."""

import signal
from pathlib import Path
from typing import Any

import pytest

from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import read_summary
from tests.faults.processes import Training, model_bytes, only_run, points

LINES = {"plain": ("step 1", "step 5", "validation", "step 12"), "workers": ("step 3", "step 12")}
OPTIONS: dict[str, dict[str, Any]] = {"plain": {}, "workers": {"workers": 2, "micro": 2}}


@pytest.fixture(scope="module", params=OPTIONS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def uninterrupted(kind: str, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    project = _project(tmp_path_factory.mktemp(f"uninterrupted-{kind}"))
    training = Training(project, **OPTIONS[kind])
    assert training.end() == 0, training.stderr
    return only_run(project)


def _project(path: Path) -> Path:
    (path / "pyproject.toml").write_text('[project]\nname = "a-project"\nversion = "1.0"\n')
    return path


def test_runs_that_are_killed_again_and_again_end_as_if_they_never_were(
    kind: str, uninterrupted: RunFolder, tmp_path: Path
) -> None:
    """Before the first checkpoint, within an epoch, within a validation, at an epoch's end."""
    project = _project(tmp_path)
    resumed = []
    folder = "new"
    for line in LINES[kind]:
        training = Training(project, folder, pause_s=0.05, **OPTIONS[kind]).wait_for(line)
        training.send(signal.SIGKILL)
        assert training.end() == -signal.SIGKILL
        folder = str(only_run(project).path)
        assert read_summary(only_run(project)).status == "died"
        resumed += [said for said in training.lines if said.startswith("resume")]
    last = Training(project, folder, **OPTIONS[kind])

    assert last.end() == 0, last.stderr
    assert all(said.endswith("exact") for said in [*resumed, last.lines[0]])
    found = only_run(project)
    assert read_summary(found).status == "completed"
    assert model_bytes(found) == model_bytes(uninterrupted)
    assert points(found) == points(uninterrupted)


def test_a_run_that_is_interrupted_and_one_that_is_killed_end_the_same(
    kind: str, uninterrupted: RunFolder, tmp_path: Path
) -> None:
    project = _project(tmp_path)
    folder = "new"
    for line, number in (("step 3", signal.SIGINT), ("step 9", signal.SIGTERM)):
        training = Training(project, folder, pause_s=0.05, every="1ep", **OPTIONS[kind]).wait_for(line)
        training.send(number, to_group=True)
        assert training.end() == 0, training.stderr
        assert training.lines[-1] == "end interrupted"
        folder = str(only_run(project).path)
    last = Training(project, folder, every="1ep", **OPTIONS[kind])

    assert last.end() == 0, last.stderr
    assert last.lines[0].startswith("resume") and last.lines[0].endswith("exact")
    assert model_bytes(only_run(project)) == model_bytes(uninterrupted)
    assert points(only_run(project)) == points(uninterrupted)
