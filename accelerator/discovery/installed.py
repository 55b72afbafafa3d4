"""What installed distributions declare in `accelerator.<kind>`: read from their text files, and remembered.

Reading hundreds of distributions takes some 30 ms. What was found is kept in the user's cache folder, and counts as
long as the folders of `sys.path` hold the same distributions and every `entry_points.txt` has the time and size that
it had: looking takes 3 ms. The time of a folder itself says nothing, as runs write into the working folder, which is
one of them. A cache that cannot be read or written is no cache.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from accelerator.discovery.declaration import ENTRY_POINTS, Declaration, infos_in, is_only_on_path

_FORMAT = 2


def installed_declarations() -> tuple[Declaration, ...]:
    """Return what all installed distributions declare; of two copies of one the first on `sys.path` counts."""
    folders = [path or os.curdir for path in sys.path]
    cache, state = _cache_file(folders), _state(folders)
    remembered = _recall(cache, state)
    if remembered is not None:
        return remembered
    found = tuple(import_module("accelerator.discovery.distributions").read_all(folders))
    _remember(cache, state, found)
    return found


def _state(folders: Iterable[str]) -> list[list[Any]]:
    """Return where the entry points of each distribution stand, or would stand, each with its time and size."""
    found: list[list[Any]] = []
    for folder in folders:
        try:
            paths = [os.path.join(folder, name) for name in infos_in(folder)]
        except OSError:  # not there, or an archive
            found.append([folder, *_stamp(folder)])
            continue
        # The egg-info of an old distribution is a file.
        found += [[path, *_stamp(os.path.join(path, ENTRY_POINTS))] for path in paths]
    return found


def _stamp(path: str) -> tuple[int, int] | tuple[None, None]:
    try:
        status = os.stat(path)
    except OSError:
        return None, None
    return status.st_mtime_ns, status.st_size


def _recall(cache: Path | None, state: Sequence[Any]) -> tuple[Declaration, ...] | None:
    if cache is None:
        return None
    try:
        content: Any = json.loads(cache.read_bytes())
        if content["format"] != _FORMAT or content["state"] != state:
            return None
        return tuple(Declaration(*item) for item in content["declarations"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(cache: Path | None, state: Sequence[Any], found: Sequence[Declaration]) -> None:
    if cache is None:
        return
    beside = cache.with_suffix(f".{os.getpid()}.part")
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps({"format": _FORMAT, "state": state, "declarations": found}), encoding="utf-8")
        os.replace(beside, cache)


def _cache_file(folders: Iterable[str]) -> Path | None:
    """Return the file for this `sys.path`; None without a home, or where something else finds distributions."""
    if not is_only_on_path():
        return None
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    key = hashlib.blake2b("\0".join(map(os.path.abspath, folders)).encode("utf-8", "surrogateescape"), digest_size=8)
    return base / "accelerator" / f"components-{key.hexdigest()}.json"
