"""Writes snapshots off the training thread, one at a time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import final

from accelerator.runs.checkpoints import discard_leftovers
from accelerator.runs.files import storage_error
from accelerator.runtime.checkpoint.files import Snapshot, write_checkpoint
from accelerator.runtime.checkpoint.keeper import Keeper


@final
class CheckpointWriter:
    """Takes snapshots and writes them in the background.

    A write that fails is raised by the next `save` or `wait`, on the training thread.

    Args:
        keeper: what to keep.
        written: called on the writing thread after each checkpoint that is complete.
        after: the step that a resumed run goes on from; what there is of later ones is damaged, and removed.
    """

    def __init__(self, keeper: Keeper, written: Callable[[Path], None], after: int | None = None) -> None:
        self._keeper = keeper
        self._written = written
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._pending: Future[None] | None = None
        try:
            keeper.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(keeper.folder, error) from error
        discard_leftovers(keeper.folder, after)

    def save(self, snapshot: Snapshot) -> None:
        """Write a snapshot in the background, after the one before it is done.

        Raises:
            StorageError: the one before it could not be written.
        """
        self.wait()
        self._pending = self._pool.submit(self._write, snapshot)

    def wait(self) -> None:
        """Return when everything handed over is on the disk.

        Raises:
            StorageError: it could not be written.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """End the thread; what was handed over is written first."""
        self._pool.shutdown(wait=True)

    def _write(self, snapshot: Snapshot) -> None:
        path = write_checkpoint(self._keeper.folder, snapshot)
        self._keeper.tidy()
        self._written(path)
