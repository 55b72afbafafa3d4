"""What a run folder is made of: files and folders of its own.

A run may come from a stranger: writing to it must not write elsewhere, nor reading it wait for ever.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from accelerator.errors import InputError
from accelerator.runs.folder import RunFolder


def refuse_links(folder: RunFolder) -> None:
    """Let pass a run folder whose files and folders are its own; the folder itself may be reached through a link.

    What the tools of a plugin keep deeper in it may be links that stay in it.

    Raises:
        InputError: a part of it is a link, or neither a file nor a folder; says which, and where it leads.
    """
    home = folder.path.resolve()
    for entry in _entries(folder.path):
        path = Path(entry.path)
        if entry.is_symlink() and (_is_ours(path, folder) or not path.resolve().is_relative_to(home)):
            raise InputError(
                f"{path} is a link to {path.readlink()}, and the parts of a run folder are none: a run may come from a "
                f"stranger. If it is your own, put the files themselves in its place."
            )
        if not (entry.is_symlink() or entry.is_file() or entry.is_dir()):
            raise InputError(
                f"{path} is neither a file nor a folder (a pipe, a device?): nothing of a run is. Remove it if the run "
                f"is your own."
            )


def _is_ours(path: Path, folder: RunFolder) -> bool:
    """Tell whether it lies where runs themselves write: at the top, in the journal, in the checkpoints."""
    return path.parent in (folder.path, folder.journal) or path.is_relative_to(folder.checkpoints)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # absent, or not to be read: opening it will say so
        return
    for entry in found:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))
