"""Files that never take the place of others."""

from pathlib import Path

import pytest

from accelerator.errors import InputError
from accelerator.runs.new_file import NewFile


def test_a_file_stands_in_its_place_when_it_is_published(tmp_path: Path) -> None:
    with NewFile(tmp_path / "deep" / "a.txt", "a.txt") as file:
        file.beside.write_text("whole")
        assert not file.path.exists()
        file.publish()

    assert [(path.name, path.read_text()) for path in (tmp_path / "deep").iterdir()] == [("a.txt", "whole")]


def test_what_was_put_there_meanwhile_stays(tmp_path: Path) -> None:
    with NewFile(tmp_path / "a.txt", "a.txt") as file, pytest.raises(InputError, match="a.txt: exists already"):
        file.path.write_text("of another")
        file.publish()

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "of another")]
