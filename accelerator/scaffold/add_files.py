"""Files written all or none: what stands in the way is told first, and a failure takes back what was written."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from accelerator.errors import InputError, StorageError
from accelerator.runs.files import write_bytes
from accelerator.scaffold.beside import backup_of, shown_from


@dataclass(frozen=True)
class PlannedFile:
    """A file to write."""

    path: Path
    content: bytes
    replaces: bytes | None = None
    """What the plan was made from, for a file that is changed; None for a new one."""
    keeps_copy: bool = False
    """Whether a copy is kept of a file that is changed, because something in it is replaced."""

    @property
    def is_change(self) -> bool:
        """Whether the file is there by right, and is only changed."""
        return self.replaces is not None


@dataclass(frozen=True)
class Written:
    """What was written, each by its path: new files, changed files, and copies of what stood in a new one's place."""

    new: tuple[Path, ...]
    changed: tuple[Path, ...]
    backups: tuple[Path, ...]


@contextlib.contextmanager
def one_at_a_time(root: Path) -> Iterator[None]:
    """Wait until no other command changes the project at `root`: two that add a line to one file would lose one.

    Where the file system has no locks, nothing is waited for.
    """
    descriptor = os.open(root, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_all(
    files: Sequence[PlannedFile],
    root: Path,
    command: str,
    *,
    force: bool,
    derived: Callable[[], Iterable[PlannedFile]] = tuple,
) -> Written:
    """Write all files, in their order.

    Args:
        files: what to write.
        root: the project root, which messages show paths from.
        command: what the user typed, for messages.
        force: whether files in the way are copied to `NAME.bak-<time>` and then replaced; else they are an error.
        derived: gives files that are made from what `files` wrote; called when these are there.

    Raises:
        InputError: a new file is there already, a file cannot be written, or one that is to be changed has been
            changed meanwhile. Nothing is different then from what it was.
    """
    standing = [item for item in files if not item.is_change and os.path.lexists(item.path)]
    if standing and not force:
        raise InputError(
            f"{command}: there already {'is' if len(standing) == 1 else 'are'} "
            f"{', '.join(shown_from(root, item.path) for item in standing)}. Choose another name, or add --force, "
            f"which replaces what is there and keeps a copy of it (FILE.bak-<time>)."
        )
    for item in files:
        if item.is_change and item.path.read_bytes() != item.replaces:
            raise InputError(f"{command}: {shown_from(root, item.path)} was changed meanwhile. Repeat the command.")
    done: list[PlannedFile] = []
    backups: list[Path] = []
    with ExitStack() as undo:
        for item in _one_by_one(files, derived):
            try:
                _write(item, undo, backups)
                done.append(item)
            except (OSError, StorageError) as error:
                cause = error.__cause__ if isinstance(error, StorageError) else error
                reason = cause.strerror if isinstance(cause, OSError) else str(error)
                raise InputError(
                    f"{command}: {shown_from(root, item.path)} could not be written ({reason}), and so nothing was. "
                    f"Make its folder writable, or free some space, and repeat the command."
                ) from error
        undo.pop_all()
    new = tuple(item.path for item in done if not item.is_change)
    return Written(new, tuple(item.path for item in done if item.is_change), tuple(backups))


def _one_by_one(files: Sequence[PlannedFile], derived: Callable[[], Iterable[PlannedFile]]) -> Iterator[PlannedFile]:
    yield from (item for item in files if item.content != item.replaces)
    yield from derived()


def _write(item: PlannedFile, undo: ExitStack, backups: list[Path]) -> None:
    path = item.path.resolve() if item.is_change else item.path
    for folder in reversed([folder for folder in path.parents if not folder.exists()]):
        undo.callback(_remove, folder)  # first: Ctrl-C may come between the two
        folder.mkdir()
    if item.keeps_copy or (not item.is_change and os.path.lexists(path)):
        backup = backup_of(path)
        shutil.copy2(path, backup, follow_symlinks=False)
        undo.callback(os.replace, backup, path)
        backups.append(backup)
    elif item.is_change:
        undo.callback(write_bytes, path, item.replaces or b"")
    else:
        undo.callback(_remove, path)
    mode = path.stat().st_mode if path.exists() else None
    write_bytes(path, item.content)
    if mode is not None:
        path.chmod(mode)


def _remove(path: Path) -> None:
    """Take back what was made; what is not there, or has got company meanwhile, is left."""
    with contextlib.suppress(OSError):
        remove = path.rmdir if path.is_dir() else path.unlink
        remove()
