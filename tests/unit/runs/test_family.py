"""Whose run a run belongs to, by where it lies."""

from pathlib import Path

from accelerator.runs.family import folder_of, has_run, parent_of, run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.listing import list_runs
from accelerator.runs.run import Run


def make(folder: RunFolder) -> RunFolder:
    folder.path.mkdir(parents=True)
    folder.config.write_text("name: a\n")
    folder.summary.write_text("{}")
    return folder


def test_a_run_below_a_folder_with_a_run_of_its_own_is_its_child_and_is_listed_alone(tmp_path: Path) -> None:
    whole = tmp_path / "pipelines" / "two" / "20261123-101500-000001"
    child = make(RunFolder(whole / "steps" / "first" / "run" / "digits" / "20261123-101501-000002"))
    before = (has_run(whole), parent_of(child))

    hidden = make(run_of_folder(whole))

    assert before == (False, None)
    assert (has_run(whole), parent_of(child), folder_of(hidden)) == (True, hidden, whole)
    assert hidden.run_id == whole.name
    assert [run.folder for run in list_runs(tmp_path)] == [Run(child.path).folder]


def test_a_run_of_a_whole_is_no_child_of_itself(tmp_path: Path) -> None:
    assert parent_of(make(run_of_folder(tmp_path / "whole"))) is None
