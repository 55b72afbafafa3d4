"""A file that a command makes where the user says: in its place when it is whole, and never in that of another."""

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import final

from accelerator.errors import InputError, StorageError
from accelerator.runs.files import place_beside, sync_folder


@final
class NewFile:
    """The file that `--output` names, written beside its place.

    Used in a `with` block: what was not published by its end is removed.

    Attributes:
        path: where it will be.
        beside: where it is written; it ends as `path` does, for writers who look at that.
    """

    def __init__(self, path: Path, example: str) -> None:
        """
        Args:
            path: the file; missing folders above it are made.
            example: a file name for the message when `path` is a folder.

        Raises:
            InputError: there is a file already, or a folder.
            StorageError: the disk refuses.
        """
        self.path = path
        self.beside = path.with_name(f"{place_beside(path).name}{path.suffix}")
        if path.is_dir():
            raise InputError(f"--output {path}: is a folder. Name a file in it, such as {path / example}.")
        if path.exists():
            raise self._taken()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.beside.touch()
        except OSError as error:
            raise self.refused(error) from error

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self.discard()

    def publish(self) -> None:
        """Put the file in its place.

        Raises:
            InputError: a file was put there meanwhile.
            StorageError: the disk refuses.
        """
        try:
            with self.beside.open("rb+") as written:
                os.fsync(written.fileno())
            self._move()
            sync_folder(self.path.parent)
        except FileExistsError as error:
            raise self._taken() from error
        except OSError as error:
            raise self.refused(error) from error

    def discard(self) -> None:
        """Remove what was written, unless it was published."""
        self.beside.unlink(missing_ok=True)

    def refused(self, error: OSError) -> StorageError:
        """Return the error that tells what the disk said."""
        return StorageError(
            f"{self.path}: could not be written: {error.strerror or error}. "
            f"Free some space or mend the folder's permissions, or name another file with --output."
        )

    def _move(self) -> None:
        try:
            os.link(self.beside, self.path)  # unlike a rename it replaces nothing
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if self.path.exists():
                raise FileExistsError from None
            os.replace(self.beside, self.path)
        else:
            self.beside.unlink()

    def _taken(self) -> InputError:
        return InputError(f"--output {self.path}: exists already. Name another file, or remove that one.")
