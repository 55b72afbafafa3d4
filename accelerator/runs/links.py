"""No part of a run folder is a link: a run may come from a stranger, and writing to it must not write elsewhere."""

from collections.abc import Iterator
from pathlib import Path

from accelerator.errors import InputError
from accelerator.runs.folder import RunFolder


def refuse_links(folder: RunFolder) -> None:
    """Let pass a run folder whose files and folders are its own; the folder itself may be reached through a link.

    Raises:
        InputError: a part of it is a link; says which, and where it leads.
    """
    for path in _parts(folder):
        if path.is_symlink():
            raise InputError(
                f"{path} is a link to {path.readlink()}, and the parts of a run folder are none: a run may come from a "
                f"stranger. If it is your own, put the files themselves in its place."
            )


def _parts(folder: RunFolder) -> Iterator[Path]:
    for directory in (folder.path, folder.journal, folder.checkpoints):
        if directory == folder.path or not directory.is_symlink():
            yield from _children(directory)
    for checkpoint in _children(folder.checkpoints):
        yield from _children(checkpoint)


def _children(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:  # absent, or a file
        return []
