"""What a fork takes from the run that it comes from."""

import shutil
from pathlib import Path

from accelerator.errors import CheckpointError
from accelerator.runs.checkpoints import list_checkpoints
from accelerator.runs.files import storage_error
from accelerator.runs.folder import RunFolder
from accelerator.runtime.checkpoint.files import copy_checkpoint, verify_checkpoint
from accelerator.runtime.checkpoint.keeper import BEST, resolve_alias


def copy_start(parent: RunFolder, folder: RunFolder) -> tuple[str, ...]:
    """Copy the config, the newest sound checkpoint and the best one of `parent` into a new run folder.

    From there it is resumed as any run is. The parent may be running.

    Returns:
        What is wrong with the newer checkpoints that were passed over.

    Raises:
        CheckpointError: the parent has checkpoints, and none of them is sound.
        StorageError: the disk refuses.
    """
    for source, target in (
        (parent.config, folder.config),
        (parent.provenance, folder.provenance),
        (parent.overrides, folder.overrides),
    ):
        if source.exists():
            _copy_file(source, target)
    damaged = _copy_newest(parent, folder)
    best = _best_of(parent)
    if best is not None and not (folder.checkpoints / best.name).exists():
        copy_checkpoint(best, folder.checkpoints)
    return damaged


def _copy_newest(parent: RunFolder, folder: RunFolder) -> tuple[str, ...]:
    damaged: list[str] = []
    for path in reversed(list_checkpoints(parent.checkpoints)):
        try:
            verify_checkpoint(path)
            copy_checkpoint(path, folder.checkpoints)
        except CheckpointError as error:
            damaged.append(str(error))
        else:
            return tuple(damaged)
    if damaged:
        raise CheckpointError(f"No checkpoint of {parent.path} is sound. {' '.join(damaged)} Start a new run.")
    return ()


def _best_of(parent: RunFolder) -> Path | None:
    try:
        best = resolve_alias(parent.checkpoints, BEST)
        verify_checkpoint(best)
    except CheckpointError:  # the fork does without it
        return None
    return best


def _copy_file(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise storage_error(target, error) from error
