"""Which run a RUN means."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, RunNotFoundError
from accelerator.experiment.named_run import named_run, named_training
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    path = tmp_path / "outputs" / "a" / "20261123-101502-3fa2b1"
    path.mkdir(parents=True)
    write_summary(RunFolder(path), Summary("completed"))
    return path


@pytest.mark.parametrize("reference", ["20261123-101502-3fa2b1", "3fa2b1", "last"])
def test_a_name_is_looked_up_in_the_project(reference: str, run_path: Path) -> None:
    assert named_run(reference, Project(run_path.parents[2])).folder.path == run_path


def test_a_path_needs_no_config_that_composes(run_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "main.yaml").write_text("defaults: [bass]\n", encoding="utf-8")
    monkeypatch.chdir(run_path.parent)

    assert named_run(run_path.name, Project(tmp_path)).folder.path == run_path
    with pytest.raises(ConfigError):
        named_run("last", Project(tmp_path))


def test_a_run_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="there is no run in .*outputs yet"):
        named_run("last", Project(tmp_path))


def test_the_last_training_is_older_than_its_evaluations(run_path: Path) -> None:
    evaluation = run_path.with_name("20261124-101502-77a2b1")
    evaluation.mkdir()
    write_summary(RunFolder(evaluation), Summary("completed", parent=run_path.name))
    project = Project(run_path.parents[2])

    assert named_run("last", project).folder.path == evaluation
    assert named_training("last", project).folder.path == run_path
    assert named_training(evaluation.name, project).folder.path == evaluation


def test_the_last_training_is_older_than_an_analysis(run_path: Path) -> None:
    analysis = run_path.with_name("20261124-101502-77a2b1")
    (analysis / "analysis").mkdir(parents=True)
    write_summary(RunFolder(analysis), Summary("completed"))
    project = Project(run_path.parents[2])

    assert named_run("last", project).folder.path == analysis
    assert named_training("last", project).folder.path == run_path
