"""Files that are whole or absent: written beside their place, flushed to disk, then renamed.

Every write of a run that matters goes through here, or through the journal. An error of the disk becomes a
`StorageError` that names the file and what to do, and leaves the file as it was before.
"""

import contextlib
import errno
import json
import math
import os
import secrets
from pathlib import Path
from typing import Any

from accelerator.errors import StorageError, UsageError

_NO_FOLDER = "A file stands where a folder is needed. Move it away, or choose another folder with paths.output=DIR."
_REMEDIES = {
    errno.ENOSPC: "The disk is full. Free some space, or choose another folder with paths.output=DIR.",
    errno.EDQUOT: "Your disk quota is used up. Free some space, or choose another folder with paths.output=DIR.",
    errno.EROFS: "The file system is read-only. Choose another folder with paths.output=DIR.",
    errno.EACCES: "You may not write there. Change the folder's permissions, or choose another with paths.output=DIR.",
    errno.EPERM: "You may not write there. Change the folder's permissions, or choose another with paths.output=DIR.",
    errno.ENOENT: "The folder is gone. Was it moved or deleted while the run was writing?",
    errno.ELOOP: "It is a link, and the files of a run are none: a run may come from a stranger. Remove the link.",
    errno.EEXIST: _NO_FOLDER,
    errno.ENOTDIR: _NO_FOLDER,
    errno.EIO: "The disk reports an error. Look at the system's log, and save what you can.",
}
_READING = {
    errno.EACCES: "You may not read it. Change its permissions.",
    errno.EPERM: "You may not read it. Change its permissions.",
    errno.ENOENT: "It is not there.",
    errno.ENOSPC: _REMEDIES[errno.ENOSPC],
    errno.EIO: _REMEDIES[errno.EIO],
}
_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any, *, is_durable: bool = True) -> None:
    """Write `value` as indented JSON, as `write_bytes` does; numbers that JSON lacks become strings."""
    text = json.dumps(json_ready(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, f"{text}\n".encode("utf-8"), is_durable=is_durable)


def write_bytes(path: Path, content: bytes, *, is_durable: bool = True) -> None:
    """Replace the file at `path` by `content`: a reader finds the old or the new, never a part.

    With `is_durable` this holds for a power failure too. Without, only for the end of a process: for files that can
    be made again.

    Raises:
        StorageError: the disk refuses; the old file is untouched.
    """
    beside = place_beside(path)
    try:
        _write_whole(beside, content, is_durable)
        os.replace(beside, path)
        if is_durable:
            sync_folder(path.parent)
    except BaseException as error:  # also Ctrl-C: no part is left
        with contextlib.suppress(OSError):  # the first error is the one to tell
            beside.unlink()
        if isinstance(error, OSError):
            raise storage_error(path, error) from error
        raise


def write_new(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file that is not there yet: whole or not at all, and never in the place of another.

    `mode` says who may read and write it, as far as the umask lets them.

    Raises:
        UsageError: there is such a file, also one that came at this moment.
        StorageError: the disk refuses.
    """
    beside = place_beside(path)
    try:
        _write_whole(beside, content, is_durable=True, mode=mode)
        _publish(beside, path)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise UsageError(f"{path}: exists already. Name another file, or remove that one.") from error
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def place_beside(path: Path) -> Path:
    """Return where to write a file that is to be renamed to `path`: a name that no other writer has.

    A pid would not do: containers that share a folder have the same few, and threads of one process the same one.
    """
    return path.with_name(f".{path.name}.{secrets.randbits(32)}.part")


def make_folder(path: Path) -> None:
    """Make a folder with all above it; one that is there is let be.

    Raises:
        StorageError: the disk refuses, or a file stands in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(path, error, doing="made") from error


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        StorageError: the file cannot be read, is not JSON, or no file but a pipe or a device, which may never end.
    """
    try:
        if path.exists() and not path.is_file():
            raise StorageError(f"{path}: is no file. Restore it, or use another run.")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise storage_error(path, error, doing="read") from error
    except (ValueError, RecursionError) as error:  # JSON or UTF-8
        raise StorageError(
            f"{path}: is not valid JSON ({error}). The file is damaged: restore it, or use another run."
        ) from error


def json_ready(value: Any) -> Any:
    """Return `value` with what JSON lacks replaced: non-finite floats by "nan", "inf", "-inf", tuples by lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def number_from_json(value: Any) -> Any:
    """Return the float that `json_ready` wrote as a string; anything else as it is."""
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename in it survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove the parts that a killed writer left in `folder`. Only while no other process writes there."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)


def storage_error(path: Path, error: OSError, doing: str = "written") -> StorageError:
    """Return the StorageError that tells a user about `error`; `doing` is written, created, read or used."""
    remedies = _READING if doing in ("read", "used") else _REMEDIES
    remedy = remedies.get(error.errno or 0, "Check the disk and the folder's permissions.")
    return StorageError(f"{path}: could not be {doing}: {error.strerror or error}. {remedy}")


def unusable(error: OSError) -> StorageError | None:
    """Return the StorageError that names the file which an error of the system is about; None when it names none."""
    if not isinstance(error.filename, str) or error.errno is None:
        return None
    return storage_error(Path(error.filename), error, doing="used")


def _publish(beside: Path, path: Path) -> None:
    try:
        os.link(beside, path)  # unlike a rename it refuses to replace
    except FileExistsError:
        raise
    except OSError as error:  # a file system without links
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        os.replace(beside, path)


def _write_whole(path: Path, content: bytes, is_durable: bool, mode: int = 0o666) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if is_durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
