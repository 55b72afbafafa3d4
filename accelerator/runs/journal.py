"""The journal: the append-only record of a run, one JSON object a line, and the source of truth.

A run writes `rank-0.jsonl`; its N-th resume writes a new *segment*, `rank-0.N.jsonl`, whose first line says from which
step it goes on. What earlier segments hold of later steps is thereby replaced, and readers leave it out. Nothing that
was written is ever changed. A torn last line, which only a kill or a full disk can leave, is ignored.

Beside this *stream* lie others: `system-0.jsonl` of what the machine's load was, written by the run's forwarder.
"""

import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from accelerator.errors import StorageError
from accelerator.runs.files import json_ready, number_from_json, storage_error, sync_folder

Record: TypeAlias = dict[str, Any]

METRIC = "metric"
PARAMETER = "parameter"
TAG = "tag"
ARTIFACT = "artifact"
PART = "part"
EVENT = "event"
SEGMENT = "segment"

RUN_STREAM, SYSTEM_STREAM = "rank-0", "system-0"
SYSTEM = "system/"
"""How the names of the second stream's metrics begin."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class JournalWriter:
    """Appends records to one new segment. One writer at a time: it is used under the run's lock.

    | attribute | type | holds |
    |---|---|---|
    | path | Path | the segment's file |
    """

    def __init__(self, folder: Path, stream: str = RUN_STREAM, from_step: int | None = None) -> None:
        """Open the next segment below the journal folder `folder`.

        `from_step` is the step that a resumed run goes on from; a run that starts leaves it out.

        Raises:
            StorageError: the file cannot be created.
        """
        existing = segment_paths(folder, stream)
        number = segment_number(existing[-1]) + 1 if existing else 0
        self.path = folder / (f"{stream}.{number}.jsonl" if number else f"{stream}.jsonl")
        self._size = 0
        self._is_torn = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o666)
            sync_folder(folder)
        except OSError as error:
            raise storage_error(self.path, error) from error
        if from_step is None and number:
            from_step = 0  # started anew in a folder that has a journal: nothing of before counts
        if from_step is not None:
            self.append([{"kind": SEGMENT, "from_step": from_step, "time": time.time()}])

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Append records with one write to the file. About 10 microseconds for one record.

        Raises:
            StorageError: the disk refuses. What was complete before stays complete; of these records the first ones
                may stand, each whole.
        """
        try:
            text = "".join([f"{_encode(record)}\n" for record in records])
        except ValueError:  # a number that JSON lacks; rare, so that the usual way need not look for it
            text = "".join([f"{_encode(json_ready(record))}\n" for record in records])
        content = text.encode("utf-8", "backslashreplace")
        if self._is_torn:
            content = b"\n" + content
        written = 0
        try:
            while written < len(content):
                written += os.write(self._descriptor, content[written:] if written else content)
        except OSError as error:
            self._drop_torn_line(content[:written])
            raise storage_error(self.path, error) from error
        self._size += written
        self._is_torn = False

    def sync(self) -> None:
        """Flush what was appended to disk.

        Raises:
            StorageError: the disk refuses.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise storage_error(self.path, error) from error

    def close(self) -> None:
        """Flush to disk and close. Does nothing the second time."""
        if self._descriptor < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def _drop_torn_line(self, written: bytes) -> None:
        # Only back to the last whole line: a reader may have taken the whole ones already.
        self._size += written.rfind(b"\n") + 1
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            self._is_torn = True


def read_journal(folder: Path, stream: str = RUN_STREAM) -> Iterator[Record]:
    """Yield the records of all segments of a stream in order, without what a later segment replaces.

    Non-finite numbers are floats again. A folder without a journal yields nothing.

    Raises:
        StorageError: a segment cannot be read.
    """
    paths = segment_paths(folder, stream)
    limits = step_limits(paths)
    for path in paths:
        limit = limits[path.name]
        for record in read_segment(path):
            if not is_beyond(record, limit):
                yield record


def read_segment(path: Path) -> Iterator[Record]:
    """Yield the records of one segment file; a torn last line is ignored.

    Raises:
        StorageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for line in file:
                record = parse_line(line)
                if record is not None:
                    yield record
    except OSError as error:
        raise storage_error(path, error, doing="read") from error


def parse_line(line: bytes) -> Record | None:
    """Return the record of one line; None when it is torn."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # the torn end of a write that the disk refused, or no journal of ours
        return None
    if not isinstance(record, dict):
        return None
    if record.get("kind") == METRIC:
        record["value"] = number_from_json(record.get("value"))
    return record


def segment_paths(folder: Path, stream: str = RUN_STREAM) -> list[Path]:
    """Return the segment files of one stream, oldest first."""
    pattern = re.compile(rf"{re.escape(stream)}(\.\d+)?\.jsonl")
    return sorted((folder / name for name in _names(folder) if pattern.fullmatch(name)), key=segment_number)


def carried_streams(folder: Path) -> list[str]:
    """Return the streams that a sink gets: the run's own, and one of each machine whose load was sampled."""
    found = {matched[1] for name in _names(folder) if (matched := re.fullmatch(r"(system-\d+)(\.\d+)?\.jsonl", name))}
    return [RUN_STREAM, *sorted(found)]


def is_segment(name: Any) -> bool:
    """Tell whether a file's name is that of a segment, of any stream: one that lies in the journal's own folder."""
    return isinstance(name, str) and re.fullmatch(r"(rank|system)-\d+(\.\d+)?\.jsonl", name) is not None


def segment_number(path: Path) -> int:
    """Return 0 for the first segment, N for that of the N-th resume."""
    parts = path.name.split(".")
    return int(parts[1]) if len(parts) == 3 else 0


def from_step(path: Path) -> int | None:
    """Return the step that a segment goes on from; None for one that replaces nothing."""
    try:
        with path.open("rb") as file:
            first = parse_line(file.readline())
    except OSError as error:
        raise storage_error(path, error, doing="read") from error
    if first is None or first.get("kind") != SEGMENT:
        return None
    step = first.get("from_step")
    if not isinstance(step, int):
        raise StorageError(f"{path}: its first line names no from_step. The file is damaged: restore it.")
    return step


def step_limits(paths: Sequence[Path]) -> dict[str, int | None]:
    """Return for each segment's file name the last step that no later segment replaces; None: all of them."""
    limits: dict[str, int | None] = {}
    limit: int | None = None
    for path in reversed(paths):
        limits[path.name] = limit
        step = from_step(path)
        if step is not None:
            limit = step if limit is None else min(limit, step)
    return limits


def is_beyond(record: Mapping[str, Any], limit: int | None) -> bool:
    """Tell whether a record belongs to a step after `limit`, and so is replaced by a later segment."""
    step = record.get("step")
    return limit is not None and isinstance(step, int) and step > limit


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error(folder, error, doing="read") from error
