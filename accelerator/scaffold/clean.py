"""`accelerator configure clean`: what is ours and unchanged goes into a trash folder, from which it comes back.

The trash is `.accelerator/trash/<time>/`. Its list of contents is written first, so that a clean that was interrupted
halfway can be undone too. Files are renamed: they come back with their times and permissions.
"""

import os
import shutil
import time
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from accelerator.config.project import Project
from accelerator.discovery.declaration import GROUP_PREFIX
from accelerator.errors import InputError
from accelerator.runs.files import write_json
from accelerator.scaffold.record import FOLDER, TRASH, entry_path
from accelerator.scaffold.status import CHANGED, OURS, OUTDATED, status

COMMAND = "accelerator configure clean"
CONTENTS, FILES = "contents.json", "files"
_PYPROJECT = "pyproject.toml"
_PACKAGE = "__init__.py"


@dataclass(frozen=True)
class Cleaned:
    """What a clean removes, or would remove, and what of ours it leaves because the user changed it."""

    root: Path
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    dangling: tuple[str, ...]
    """Lines of `pyproject.toml` that name a module that was removed: `small_net = "handwriting.model…:SmallNet"`."""
    trash: str = ""
    """Where the files are now, from `root`; "" when nothing was removed."""


def clean(*, project: Project, dry_run: bool = False) -> Cleaned:
    """Move every file of ours that is as we wrote it into a trash folder; with `dry_run`, only say which.

    Files that the user made or changed, and those whose entry in the record is damaged, stay; so does what makes a
    package of a folder in which modules stay.

    Raises:
        InputError: a file cannot be moved, and those that were moved before have been put back; or `pyproject.toml`
            cannot be read.
    """
    root = project.root
    files = status(project).files
    unchanged = {item.path for item in files if item.state in (OURS, OUTDATED)}
    removed = tuple(path for path in sorted(unchanged) if not _holds_modules_that_stay(root, path, unchanged))
    kept = tuple(item.path for item in files if item.state == CHANGED)
    dangling = tuple(_dangling(root, set(removed)))
    if dry_run or not removed:
        return Cleaned(root, removed, kept, dangling)
    trash = _new_trash(root)
    write_json(trash / CONTENTS, {"files": list(removed)})
    with ExitStack() as undo:
        undo.callback(_discard, trash)
        move_all(_moves(root, trash, removed), COMMAND)
        undo.pop_all()
    _remove_empty_folders(root, removed)
    return Cleaned(root, removed, kept, dangling, trash.relative_to(root).as_posix())


def _holds_modules_that_stay(root: Path, path: str, removed: set[str]) -> bool:
    """Tell whether a file makes a package of modules of which one stays."""
    place = root / path
    if place.name != _PACKAGE:
        return False
    return any(module.relative_to(root).as_posix() not in removed for module in place.parent.rglob("*.py"))


def _moves(root: Path, trash: Path, paths: Iterable[str]) -> list[tuple[Path, Path]]:
    """Return from where to where each file goes, with its entry in the record."""
    return [(path, trash / FILES / path.relative_to(root)) for path in with_entries(root, paths) if path.exists()]


def with_entries(root: Path, paths: Iterable[str]) -> list[Path]:
    """Return where files lie, and then their entries in the record, which generated files have none of."""
    names = list(paths)
    return [*(root / name for name in names), *(entry_path(root, name) for name in names)]


def move_all(moves: Iterable[tuple[Path, Path]], command: str) -> None:
    """Move files, all or, when one cannot be moved, none; missing folders are made.

    Raises:
        InputError: one cannot be moved; names it.
    """
    with ExitStack() as undo:
        for source, target in moves:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(source, target)
            except OSError as error:
                raise InputError(
                    f"{command}: {error.filename} cannot be moved ({error.strerror}), and so nothing was. "
                    f"Make its folder writable, and repeat the command."
                ) from error
            undo.callback(os.rename, target, source)
        undo.pop_all()


def _discard(trash: Path) -> None:
    """Remove a trash folder from which all was put back."""
    if not any(path.is_file() for path in (trash / FILES).rglob("*")):
        shutil.rmtree(trash)


def _new_trash(root: Path) -> Path:
    name, number = time.strftime("%Y%m%d-%H%M%S"), 1
    while True:
        trash = root / FOLDER / TRASH / (name if number == 1 else f"{name}-{number}")
        try:
            trash.mkdir(parents=True)
            return trash
        except FileExistsError:
            number += 1
        except OSError as error:
            raise InputError(
                f"{COMMAND}: {trash} cannot be made ({error.strerror}), and so nothing was removed. "
                f"Make {root} writable, and repeat the command."
            ) from error


def _remove_empty_folders(root: Path, paths: Iterable[str]) -> None:
    """Remove the folders that held nothing but what was removed."""
    files = with_entries(root, paths)
    folders = {folder for path in files for folder in path.parents if folder != root and folder.is_relative_to(root)}
    for folder in sorted(folders, key=lambda item: len(item.parts), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _dangling(root: Path, removed: set[str]) -> Iterator[str]:
    """Give the entry points of a `pyproject.toml` that stays, of which the module goes."""
    if _PYPROJECT in removed or not (root / _PYPROJECT).is_file():
        return
    declared = tomllib.loads((root / _PYPROJECT).read_text(encoding="utf-8"))  # `status` has found it to be sound
    groups = declared.get("project", {}).get("entry-points", {})
    for name, target in (item for group in groups if group.startswith(GROUP_PREFIX) for item in groups[group].items()):
        module = target.partition(":")[0].replace(".", "/")
        if {(base / f"{module}.py").relative_to(root).as_posix() for base in Project(root).module_folders} & removed:
            yield f'{name} = "{target}"'
