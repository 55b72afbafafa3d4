"""What installed distributions declare in `accelerator.<kind>`: read from their text files, and remembered.

Reading hundreds of distributions takes some 100 ms. What was found is kept in the user's cache folder, and counts as
long as every folder of `sys.path` and every `entry_points.txt` has the time that it had. A cache that cannot be read
or written is no cache.
"""

import configparser
import hashlib
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

GROUP_PREFIX = "accelerator."
_FORMAT = 1
_ENTRY_POINTS = "entry_points.txt"
_METADATA = ("METADATA", "PKG-INFO")
_NAME = re.compile(r"^Name:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_log = logging.getLogger(__name__)


class Declaration(NamedTuple):
    """One entry point of a group `accelerator.<kind>`."""

    kind: str
    name: str
    target: str
    distribution: str


def installed_declarations() -> tuple[Declaration, ...]:
    """Return what all installed distributions declare; of two copies of one the first on `sys.path` counts."""
    folders = [path or os.curdir for path in sys.path]
    cache = _cache_file(folders)
    remembered = _recall(cache, folders)
    if remembered is not None:
        return remembered
    times, files = _times(folders), list(_entry_point_files(folders))
    found = tuple(_read_all())
    _remember(cache, times, files, found)
    return found


def _read_all() -> Iterator[Declaration]:
    seen = set()
    for distribution in metadata.distributions():
        try:
            declared = list(_declared(distribution))
        except (
            ValueError,
            TypeError,
            OSError,
            configparser.Error,
        ) as error:  # a stranger's file: it breaks only itself
            place = distribution.locate_file("")
            _log.warning("a distribution in %s is passed over, its entry points cannot be read: %s", place, error)
            continue
        if declared and declared[0].distribution not in seen:
            seen.add(declared[0].distribution)
            yield from declared


def _declared(distribution: metadata.Distribution) -> Iterator[Declaration]:
    text = distribution.read_text(_ENTRY_POINTS)
    if not text or f"[{GROUP_PREFIX}" not in text:
        return
    name = _name(distribution)
    for point in distribution.entry_points:
        if point.group.startswith(GROUP_PREFIX):
            yield Declaration(point.group.removeprefix(GROUP_PREFIX), point.name, point.value.replace(" ", ""), name)


def _name(distribution: metadata.Distribution) -> str:
    """Return its name from the head of its metadata: parsing all of it takes longer than everything else."""
    found = (_NAME.search(distribution.read_text(file) or "") for file in _METADATA)
    return next((match[1] for match in found if match), "")


def _entry_point_files(folders: Iterable[str]) -> Iterator[str]:
    """Yield where the entry points of each distribution stand, or would stand."""
    for folder in folders:
        with suppress(OSError):
            yield from (
                os.path.join(folder, name, _ENTRY_POINTS) for name in os.listdir(folder) if name.endswith("-info")
            )


def _recall(cache: Path | None, folders: Iterable[str]) -> tuple[Declaration, ...] | None:
    if cache is None:
        return None
    try:
        content: Any = json.loads(cache.read_bytes())
        if content["format"] != _FORMAT or content["folders"] != _times(folders):
            return None
        if any(_time(path) != time for path, time in content["files"]):
            return None
        return tuple(Declaration(*item) for item in content["declarations"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(cache: Path | None, folders: Sequence[Any], files: Iterable[str], found: Sequence[Declaration]) -> None:
    if cache is None:
        return
    content = {"format": _FORMAT, "folders": folders, "files": _times(files), "declarations": found}
    beside = cache.with_suffix(f".{os.getpid()}.part")
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(content), encoding="utf-8")
        os.replace(beside, cache)


def _times(paths: Iterable[str]) -> list[list[Any]]:
    return [[path, _time(path)] for path in paths]


def _time(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _cache_file(folders: Iterable[str]) -> Path | None:
    """Return the file for this `sys.path`; None without a home, or where something else finds distributions."""
    finders = [item for item in sys.meta_path if getattr(item, "find_distributions", None) is not None]
    if len(finders) != 1:
        return None
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    key = hashlib.blake2b("\0".join(map(os.path.abspath, folders)).encode("utf-8", "surrogateescape"), digest_size=8)
    return base / "accelerator" / f"components-{key.hexdigest()}.json"
