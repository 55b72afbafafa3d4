import re
from pathlib import Path

import pytest

from accelerator.errors import InputError, StorageError
from accelerator.runs.folder import RunFolder, create_run_folder


def test_a_run_folder_is_named_by_time_and_six_hex_digits(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path, "digits/resnet")

    assert folder.path.parent == tmp_path / "digits" / "resnet"
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", folder.run_id)
    assert folder.path.is_dir()


def test_no_two_runs_get_the_same_folder(tmp_path: Path) -> None:
    assert len({create_run_folder(tmp_path, "a").path for _ in range(20)}) == 20


@pytest.mark.parametrize("name", ["", "..", "a/../b", "/a", "a/", "a//b", "a\nb", " a", "a\x00"])
def test_a_name_that_would_leave_the_output_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"name = .*: a run's name is the folder .* name=my_run"):
        create_run_folder(tmp_path, name)


def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="longer than 255 bytes"):
        create_run_folder(tmp_path, "a" * 300)


def test_a_file_in_the_place_of_the_output_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("")

    with pytest.raises(StorageError, match="outputs.*could not be created"):
        create_run_folder(tmp_path / "outputs", "a")


def test_the_layout_is_that_of_the_contract(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)

    names = [folder.config, folder.overrides, folder.provenance, folder.environment, folder.lock, folder.journal]
    names += [folder.checkpoints, folder.log, folder.summary, folder.tracking, folder.forwarder_log, folder.git_diff]

    assert [path.name for path in names] == [
        "config.yaml",
        "overrides.yaml",
        "provenance.json",
        "environment.json",
        "run.lock",
        "journal",
        "checkpoints",
        "log.txt",
        "summary.json",
        "tracking.json",
        "forwarder.log",
        "git.diff",
    ]
