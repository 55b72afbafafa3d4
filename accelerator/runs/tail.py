"""Reads a journal while it grows, batch by batch, so that each (name, step) of a metric comes once in a run's life.

A batch is defined by its `Extent` and the progress before it, and by nothing else: read again, it is the same.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from accelerator.runs.files import storage_error
from accelerator.runs.journal import (
    ARTIFACT,
    METRIC,
    PARAMETER,
    PART,
    RUN_STREAM,
    TAG,
    Record,
    carried_streams,
    from_step,
    is_beyond,
    parse_line,
    segment_paths,
    step_limits,
)
from accelerator.runs.progress import Extent, Progress

CARRIED = frozenset({METRIC, PARAMETER, TAG, ARTIFACT, PART})
"""The kinds of record that a sink gets; events and segments stay in the journal."""
BATCH_BYTES = 256 * 1024


@dataclass(frozen=True)
class Batch:
    """Records for a sink, where they stand, and the progress when they are taken."""

    records: tuple[Record, ...]
    extent: Extent
    progress: Progress
    """After this batch."""


class JournalTail:
    """All streams of a journal that a sink gets, from what has been taken onwards.

    | attribute | type | holds |
    |---|---|---|
    | folder | Path | the journal's folder |
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._repeated: dict[str, dict[str, set[int]]] = {}

    def next_batch(self, progress: Progress) -> Batch | None:
        """Return the next records that `progress` has not; None when there is nothing more at the moment.

        A batch may have no records: what it covers is replaced, repeated or not for sinks.

        Raises:
            StorageError: a segment cannot be read.
        """
        for stream in carried_streams(self.folder):
            paths = segment_paths(self.folder, stream)
            for path in paths:
                start = progress.position(path.name)
                content = _whole_lines(path, start)
                if content:
                    extent = Extent(path.name, start, start + len(content), step_limits(paths)[path.name])
                    return self._batch(progress, extent, content)
        return None

    def read_again(self, progress: Progress, extent: Extent) -> Batch:
        """Return the batch of `extent`, the same as when it was read first with the same `progress`."""
        return self._batch(progress, extent, _read(self.folder / extent.file, extent.start, extent.end - extent.start))

    def _batch(self, progress: Progress, extent: Extent, content: bytes) -> Batch:
        is_of_run = _is_of_stream(extent.file, RUN_STREAM)
        last_steps = dict(progress.last_steps) if is_of_run and extent.start else {}
        repeated = self._repeated_steps(extent.file, progress) if is_of_run else {}
        records = []
        for line in content.splitlines(keepends=True):
            record = parse_line(line)
            if record is None or not _is_carried(record) or is_beyond(record, extent.limit):
                continue
            if record["kind"] == METRIC:
                name, step = record["name"], record["step"]
                if last_steps.get(name) == step or step in repeated.get(name, ()):
                    continue
                last_steps[name] = step
            records.append(record)
        return Batch(tuple(records), extent, progress.after(extent, last_steps if is_of_run else progress.last_steps))

    def _repeated_steps(self, file: str, progress: Progress) -> dict[str, set[int]]:
        """Return the steps by metric that `file` logs again, and that were taken from earlier files already."""
        if file not in self._repeated:
            self._repeated = {file: self._read_repeated(file, progress)}
        return self._repeated[file]

    def _read_repeated(self, file: str, progress: Progress) -> dict[str, set[int]]:
        steps: dict[str, set[int]] = {}
        first = from_step(self.folder / file)
        if first is None:
            return steps
        for extent in progress.taken:
            if extent.file == file or not _is_of_stream(extent.file, RUN_STREAM):
                continue
            for record in _records(self.folder / extent.file, extent):
                if _is_point(record) and record["step"] > first and not is_beyond(record, extent.limit):
                    steps.setdefault(record["name"], set()).add(record["step"])
        return steps


def count_unsent(folder: Path, progress: Progress) -> int:
    """Return how many records of the journal wait to be carried. Reads only what is not yet taken."""
    tail = JournalTail(folder)
    count = 0
    while (batch := tail.next_batch(progress)) is not None:
        count += len(batch.records)
        progress = batch.progress
    return count


def journal_size(folder: Path) -> dict[str, int]:
    """Return the size of each segment file in bytes."""
    streams = carried_streams(folder)
    return {path.name: path.stat().st_size for stream in streams for path in segment_paths(folder, stream)}


def _is_of_stream(file: str, stream: str) -> bool:
    return file.startswith(f"{stream}.")


def _is_carried(record: Record) -> bool:
    return _is_point(record) or (record.get("kind") in CARRIED - {METRIC} and isinstance(record.get("name"), str))


def _is_point(record: Record) -> bool:
    is_point = record.get("kind") == METRIC and isinstance(record.get("value"), int | float)
    return is_point and isinstance(record.get("name"), str) and isinstance(record.get("step"), int)


def _records(path: Path, extent: Extent) -> Iterator[Record]:
    position = extent.start
    while position < extent.end:
        content = _read(path, position, min(BATCH_BYTES, extent.end - position))
        whole = content[: content.rfind(b"\n") + 1] or _whole_lines(path, position)
        if not whole:
            return
        yield from (record for line in whole.splitlines(keepends=True) if (record := parse_line(line)) is not None)
        position += len(whole)


def _whole_lines(path: Path, start: int) -> bytes:
    """Return the whole lines from `start` on: about BATCH_BYTES of them, at least one if there is one."""
    size = BATCH_BYTES
    while True:
        content = _read(path, start, size)
        end = content.rfind(b"\n") + 1
        if end or len(content) < size:
            return content[:end]
        size *= 2


def _read(path: Path, start: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start, os.SEEK_SET)
            return file.read(size)
    except OSError as error:
        raise storage_error(path, error, doing="read") from error
