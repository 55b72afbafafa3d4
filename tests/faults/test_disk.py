"""A full disk: an error that says so, and no damaged file. On a real small tmpfs, or with a limit on file sizes."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accelerator.errors import StorageError
from accelerator.runs.files import write_bytes, write_json
from accelerator.runs.journal import JournalWriter, read_journal
from tests.faults.pipeline_boundaries import make_project
from tests.tracked_project import point

LINE_BYTES = len(json.dumps(point(2))) + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a file system of 256 KB."""
    path = tmp_path / "small"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(path)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting is refused here: the test with an injected error stands in")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def append_until_refused(writer: JournalWriter) -> int:
    """Append batches until the disk refuses; return how many were taken whole."""
    batch = [point(step, 1 / 3) for step in range(50)]
    for number in range(100_000):
        try:
            writer.append(batch)
        except StorageError:
            return number
    raise AssertionError("the disk never refused")


def test_a_full_disk_leaves_a_journal_of_whole_lines(small_disk: Path) -> None:
    writer = JournalWriter(small_disk / "journal")
    (small_disk / "reserve").write_bytes(b"x" * 50_000)
    taken = append_until_refused(writer)
    lines = writer.path.read_bytes().splitlines(keepends=True)
    (small_disk / "reserve").unlink()
    writer.append([point(99)])
    writer.close()

    assert all(line.endswith(b"\n") and json.loads(line) for line in lines)
    assert len(lines) >= taken * 50 > 0
    assert len(list(read_journal(small_disk / "journal"))) == len(lines) + 1


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    write_json(small_disk / "summary.json", {"step": 1})

    with pytest.raises(StorageError, match="summary.json: could not be written: No space left.* The disk is full"):
        write_bytes(small_disk / "summary.json", b"x" * 1_000_000)
    assert json.loads((small_disk / "summary.json").read_text()) == {"step": 1}
    assert os.listdir(small_disk) == ["summary.json"]


class FullAfter:
    """`os.write` on a disk that has room for so many bytes more."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.write = os.write

    def __call__(self, descriptor: int, content: Any) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.write(descriptor, content[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize(
    "room", [0, 1, 50, LINE_BYTES - 1, LINE_BYTES, LINE_BYTES + 1, 2 * LINE_BYTES, 3 * LINE_BYTES - 1]
)
def test_wherever_the_disk_ends_only_whole_lines_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    writer = JournalWriter(tmp_path)
    writer.append([point(1)])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", FullAfter(room))
        with pytest.raises(StorageError, match="rank-0.jsonl: could not be written: No space left"):
            writer.append([point(2), point(3), point(4)])
    kept = writer.path.read_bytes()
    writer.append([point(5)])
    writer.close()
    steps = [record["step"] for record in read_journal(tmp_path)]

    assert kept.endswith(b"\n")
    assert steps == [*range(1, len(steps)), 5]


def test_a_torn_line_that_cannot_be_taken_back_damages_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    writer = JournalWriter(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", FullAfter(150))
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(StorageError, match="No space left"):
            writer.append([point(1), point(2)])
    writer.append([point(3)])
    writer.close()

    assert [record["step"] for record in read_journal(tmp_path)] == [1, 3]


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "open"])
@pytest.mark.parametrize("number", [1, 2])
def test_whichever_call_fails_the_file_is_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    write_json(tmp_path / "a.json", {"version": 1})
    real, calls = getattr(os, call), [0]

    def fail_once(*arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] == number:
            raise OSError(errno.EIO, "Input/output error")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail_once)
        try:
            write_json(tmp_path / "a.json", {"version": 2})
        except StorageError as error:
            assert "a.json: could not be written: Input/output error" in str(error)

    assert json.loads((tmp_path / "a.json").read_text())["version"] in (1, 2)
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_writer_killed_at_any_moment_leaves_whole_lines(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from accelerator.runs.journal import JournalWriter\n"
    code += "writer = JournalWriter(Path(sys.argv[1])); print('ready', flush=True); step = 0\n"
    code += "while True: step += 1; writer.append([{'kind': 'metric', 'name': 'a', 'value': 0.5, 'step': step}])"
    writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    while not (tmp_path / "rank-0.jsonl").stat().st_size:
        pass
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    steps = [record["step"] for record in read_journal(tmp_path)]

    assert steps == list(range(1, len(steps) + 1))
    assert steps


def test_a_pipeline_on_a_full_disk_says_so_and_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = make_project(tmp_path / "project")
    steps.write("fault_first", "(step_context.folder / 'big').write_bytes(b'x' * 300_000)")
    where = f"paths.output={small_disk}"

    with pytest.raises(StorageError, match="pipeline.json: could not be written: No space left.* The disk is full"):
        steps.run(where)
    (steps.root / "fault_first").unlink()
    next(small_disk.rglob("big")).unlink()
    ended = steps.run(where)

    assert ended.exit_code == 0
    assert [call.split()[0] for call in steps.calls()] == ["first", "first", "sum"]
