import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from accelerator.errors import StorageError
from accelerator.runs.journal import JournalWriter, read_journal


def point(step: int, value: float = 0.5, name: str = "train/loss") -> dict[str, Any]:
    return {"kind": "metric", "name": name, "value": value, "step": step, "epoch": 1, "time": 1700000000.0 + step}


def write(folder: Path, records: list[dict[str, Any]], from_step: int | None = None) -> Path:
    writer = JournalWriter(folder, from_step=from_step)
    writer.append(records)
    writer.close()
    writer.close()
    return writer.path


def steps(folder: Path) -> list[int]:
    return [record["step"] for record in read_journal(folder) if record["kind"] == "metric"]


def test_a_line_is_as_the_contract_shows_it(tmp_path: Path) -> None:
    path = write(tmp_path / "journal", [point(50, 0.41)])

    assert path.name == "rank-0.jsonl"
    assert path.read_text() == (
        '{"kind": "metric", "name": "train/loss", "value": 0.41, "step": 50, "epoch": 1, "time": 1700000050.0}\n'
    )


def test_records_are_read_by_another_process(tmp_path: Path) -> None:
    write(tmp_path, [point(1, math.nan), point(2, -math.inf), point(3, 1 / 3)])
    code = "import sys; from pathlib import Path; from accelerator.runs.journal import read_journal\n"
    code += "print([record['value'] for record in read_journal(Path(sys.argv[1]))])"

    read = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)

    assert read.stdout == "[nan, -inf, 0.3333333333333333]\n"
    assert '"value": "nan"' in (tmp_path / "rank-0.jsonl").read_text()


def test_a_torn_last_line_is_ignored(tmp_path: Path) -> None:
    path = write(tmp_path, [point(1), point(2)])
    with path.open("ab") as file:
        file.write(b'{"kind": "metric", "na')

    assert steps(tmp_path) == [1, 2]


def test_a_resumed_segment_replaces_what_came_after_its_step(tmp_path: Path) -> None:
    write(tmp_path, [{"kind": "parameter", "name": "seed", "value": 0}, *map(point, range(1, 8))])
    second = write(tmp_path, [point(step, 0.6) for step in range(5, 10)], from_step=4)
    third = write(tmp_path, [point(step, 0.7) for step in range(3, 6)], from_step=2)

    values = [(record["step"], record["value"]) for record in read_journal(tmp_path) if record["kind"] == "metric"]

    assert (second.name, third.name) == ("rank-0.1.jsonl", "rank-0.2.jsonl")
    first = json.loads(second.read_text().splitlines()[0])
    assert (first["kind"], first["from_step"]) == ("segment", 4)
    assert values == [(1, 0.5), (2, 0.5), (3, 0.7), (4, 0.7), (5, 0.7)]
    assert [record["name"] for record in read_journal(tmp_path) if record["kind"] == "parameter"] == ["seed"]


def test_starting_anew_in_the_same_folder_replaces_everything(tmp_path: Path) -> None:
    write(tmp_path, [point(1), point(2)])
    write(tmp_path, [point(1, 0.9)])

    assert steps(tmp_path) == [1]


def test_more_than_ten_segments_are_read_in_order(tmp_path: Path) -> None:
    for step in range(12):
        write(tmp_path, [point(step + 1)], from_step=step)

    assert steps(tmp_path) == list(range(1, 13))


def test_a_folder_without_a_journal_has_no_records(tmp_path: Path) -> None:
    assert list(read_journal(tmp_path / "journal")) == []


def test_text_of_any_kind_survives(tmp_path: Path) -> None:
    text = "é\n\u2028\x00 \udc80"
    write(tmp_path, [{"kind": "tag", "name": text, "value": text}])

    assert [record["name"] for record in read_journal(tmp_path)] == [text]


def test_a_segment_that_does_not_say_from_where_is_named(tmp_path: Path) -> None:
    (tmp_path / "rank-0.1.jsonl").write_text('{"kind": "segment"}\n')

    with pytest.raises(StorageError, match="rank-0.1.jsonl: its first line names no from_step"):
        list(read_journal(tmp_path))


def test_a_journal_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")

    with pytest.raises(StorageError, match="journal"):
        JournalWriter(tmp_path / "journal")


def test_each_rank_has_a_file_of_its_own(tmp_path: Path) -> None:
    JournalWriter(tmp_path, "rank-1").close()
    write(tmp_path, [point(1)])

    assert steps(tmp_path) == [1]
    assert (tmp_path / "rank-1.jsonl").exists()
