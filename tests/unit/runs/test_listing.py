from pathlib import Path

import pytest

from accelerator.errors import RunNotFoundError
from accelerator.runs.folder import RunFolder
from accelerator.runs.listing import find_run, list_runs
from accelerator.runs.summary import Summary, write_summary

FIRST = "20261123-101500-3fa2b1"
SECOND = "20261123-111500-77a2b1"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    for path in (tmp_path / "outputs" / "digits" / SECOND, tmp_path / "outputs" / "a" / "b" / FIRST):
        path.mkdir(parents=True)
        write_summary(RunFolder(path), Summary("completed"))
    (tmp_path / "outputs" / "digits" / "notes").mkdir()
    return tmp_path / "outputs"


def test_runs_are_listed_oldest_first_from_any_depth(output: Path) -> None:
    assert [run.name for run in list_runs(output)] == [FIRST, SECOND]


def test_an_absent_output_folder_has_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "outputs") == []


@pytest.mark.parametrize(
    ("reference", "name"), [("last", SECOND), (FIRST, FIRST), ("77a2b1", SECOND), ("3fa2b1", FIRST)]
)
def test_a_run_is_found_by_name_ending_or_last(output: Path, reference: str, name: str) -> None:
    assert find_run(reference, output).name == name


def test_a_run_is_found_by_its_path(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(output / "digits")

    assert find_run(SECOND, Path("nowhere")).folder.path == output / "digits" / SECOND


def test_an_ending_that_two_runs_share_lists_both(output: Path) -> None:
    with pytest.raises(RunNotFoundError, match=f"means more than one run: .*{FIRST}.*{SECOND}.*Write more of the name"):
        find_run("a2b1", output)


def test_an_unknown_run_is_answered_with_the_nearest(output: Path) -> None:
    with pytest.raises(RunNotFoundError, match=f"no run in .* Did you mean '{FIRST}'"):
        find_run("20261123-101500-3fa2b7", output)


def test_without_any_run_the_way_to_the_first_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="there is no run in .* yet. Make one with"):
        find_run("last", tmp_path)


def test_a_path_that_is_no_run_says_why(output: Path) -> None:
    with pytest.raises(RunNotFoundError, match="is no run folder"):
        find_run(str(output / "digits" / "notes"), output)
