"""`accelerator configure clean --undo`: what the newest clean removed is where it was."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.config.project import Project
from accelerator.errors import InputError, StorageError
from accelerator.runs.files import read_json
from accelerator.scaffold.clean import CONTENTS, FILES, move_all, with_entries
from accelerator.scaffold.record import FOLDER, TRASH

COMMAND = "accelerator configure clean --undo"


@dataclass(frozen=True)
class Restored:
    """What was brought back, by path from `root`."""

    root: Path
    paths: tuple[str, ...]


def undo_clean(*, project: Project) -> Restored:
    """Bring back what the newest clean removed, all of it or, when something is in the way, none.

    A project of which nothing was left is found by its trash: in the working folder or above it, inside `project`.

    Raises:
        InputError: there is no clean to undo, a file is there again, or one cannot be moved.
    """
    root = _root_with_trash(project)
    trashes = sorted((root / FOLDER / TRASH).glob(f"*/{CONTENTS}")) if root else []
    if root is None or not trashes:
        raise InputError(f"{COMMAND}: nothing was removed from {project.root} that could be brought back.")
    trash = trashes[-1].parent
    paths = _contents(trash)
    moves = [(trash / FILES / path.relative_to(root), path) for path in with_entries(root, paths)]
    moves = [(source, path) for source, path in moves if source.is_file()]  # a clean may have been interrupted
    standing = [path.relative_to(root).as_posix() for _, path in moves if os.path.lexists(path)]
    if standing:
        raise InputError(
            f"{COMMAND}: {', '.join(standing)} is there again, and nothing was brought back, so that nothing is "
            f"overwritten. Move it away, and repeat the command; what was removed lies in {trash / FILES}."
        )
    move_all(moves, COMMAND)
    shutil.rmtree(trash)
    if not any(trash.parent.iterdir()):
        trash.parent.rmdir()
    return Restored(root, tuple(paths))


def _root_with_trash(project: Project) -> Path | None:
    here = Path.cwd()
    inside = [folder for folder in (here, *here.parents) if folder.is_relative_to(project.root)]
    places = [*inside, project.root]
    return next((folder for folder in places if (folder / FOLDER / TRASH).is_dir()), None)


def _contents(trash: Path) -> list[str]:
    """Return the paths that a clean removed; each stays inside the project."""
    try:
        found: Any = read_json(trash / CONTENTS)
        paths = [Path(path) for path in found["files"]]
    except (StorageError, KeyError, TypeError) as error:
        raise InputError(
            f"{COMMAND}: {trash / CONTENTS} cannot be read. The files lie in {trash / FILES}: move them back by hand."
        ) from error
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        raise InputError(f"{COMMAND}: {trash / CONTENTS} names a file outside the project. Nothing was brought back.")
    return [path.as_posix() for path in paths]
