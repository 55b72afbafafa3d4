"""The folder of a run's checkpoints, as names: what is complete, what a killed writer or remover left. No torch."""

import re
import shutil
from pathlib import Path

from accelerator.runs.files import storage_error

PARTIAL, REPLACED = ".partial", ".replaced"
"""Endings of a checkpoint that is being written, and of one that is being removed."""
_NAME = re.compile(r"step-(\d+)")


def checkpoint_name(step: int) -> str:
    """Return the folder name of the checkpoint after `step` optimizer steps."""
    return f"step-{step:08d}"


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints of a run, oldest first."""
    if not folder.is_dir():
        return []
    found = [
        (int(name[1]), path) for path in folder.iterdir() if (name := _NAME.fullmatch(path.name)) and path.is_dir()
    ]
    return [path for _, path in sorted(found)]


def list_leftovers(folder: Path) -> list[Path]:
    """Return what killed processes left half-written or half-removed."""
    return [*folder.glob(f"step-*{PARTIAL}"), *folder.glob(f"step-*{REPLACED}")]


def discard_leftovers(folder: Path, after: int | None = None) -> None:
    """Remove what a killed run left half-written, and the checkpoints `after` a step, which are damaged.

    Raises:
        StorageError: the disk refuses.
    """
    left = list_leftovers(folder)
    if after is not None:
        left += [path for path in list_checkpoints(folder) if path.name > checkpoint_name(after)]
    for path in left:
        discard(path)


def discard(path: Path) -> None:
    """Remove a folder, if it is there.

    Raises:
        StorageError: the disk refuses.
    """
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise storage_error(path, error, doing="removed") from error


def remove_checkpoint(path: Path) -> None:
    """Remove a complete checkpoint so that a half-removed one, after a kill, is never taken for a complete one.

    Only under the run's lock.

    Raises:
        StorageError: the disk refuses.
    """
    aside = path.with_name(f"{path.name}{REPLACED}")
    discard(aside)
    try:
        path.rename(aside)
    except OSError as error:
        raise storage_error(path, error, doing="removed") from error
    discard(aside)
