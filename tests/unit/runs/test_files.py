import errno
import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accelerator.errors import StorageError
from accelerator.runs.files import (
    json_ready,
    number_from_json,
    read_json,
    remove_leftovers,
    storage_error,
    write_bytes,
    write_json,
)


def test_a_written_file_is_whole_and_nothing_else_stays(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"loss": 0.1})
    write_json(tmp_path / "a.json", {"loss": 0.2})

    assert read_json(tmp_path / "a.json") == {"loss": 0.2}
    assert os.listdir(tmp_path) == ["a.json"]


def test_writers_that_share_a_pid_never_share_a_half_written_file(tmp_path: Path) -> None:
    texts = [f"{number}" * 100_000 for number in range(4)]

    def write(text: str) -> None:
        for _ in range(25):
            write_bytes(tmp_path / "a.json", text.encode(), is_durable=False)
            assert (tmp_path / "a.json").read_text() in texts

    with ThreadPoolExecutor(4) as writers:  # as containers do that share a folder: their pids are the same few
        list(writers.map(write, texts))

    assert os.listdir(tmp_path) == ["a.json"]


def test_numbers_that_json_lacks_become_strings_and_come_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"values": [math.inf, -math.inf, math.nan, 0.1]})

    stored = read_json(tmp_path / "a.json")["values"]

    assert stored == ["inf", "-inf", "nan", 0.1]
    assert number_from_json(stored[0]) == math.inf
    assert math.isnan(number_from_json(stored[2]))
    assert number_from_json("information") == "information"


def test_tuples_and_paths_are_written_as_json_has_them() -> None:
    assert json_ready({1: (Path("a"), True)}) == {"1": ["a", True]}


def test_writing_into_a_folder_that_is_gone_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"gone/a.json: could not be written: .* The folder is gone"):
        write_json(tmp_path / "gone" / "a.json", {})


def test_reading_what_is_no_json_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")

    with pytest.raises(StorageError, match=r"a.json: is not valid JSON .* damaged"):
        read_json(tmp_path / "a.json")


def test_reading_an_absent_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"a.json: could not be read"):
        read_json(tmp_path / "a.json")


def test_a_full_disk_is_told_with_a_remedy() -> None:
    error = storage_error(Path("x"), OSError(errno.ENOSPC, "No space left on device"))

    assert str(error).startswith("x: could not be written: No space left on device. The disk is full. Free some space")


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".summary.json.17.part").write_text("{")
    (tmp_path / "summary.json").write_text("{}")

    remove_leftovers(tmp_path)

    assert os.listdir(tmp_path) == ["summary.json"]


def test_a_write_that_is_interrupted_leaves_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(tmp_path / "a.json", 1)

    def interrupt(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_json(tmp_path / "a.json", 2)

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.json", "1\n")]
