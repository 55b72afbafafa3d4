"""What installed distributions declare in `accelerator.<kind>`: read from their text files, and remembered.

Reading hundreds of distributions takes some 30 ms. What was found is kept in the user's cache folder, and counts as
long as the folders of `sys.path` hold the same distributions and every `entry_points.txt` has the time and size that
it had: looking takes 3 ms. The time of a folder itself says nothing, as runs write into the working folder, which is
one of them. A cache that cannot be read or written is no cache.
"""

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
_FORMAT = 2
_ENTRY_POINTS = "entry_points.txt"
_INFO = (".dist-info", "egg-info")
_GROUP = f"[{GROUP_PREFIX}".encode()
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
    cache, state = _cache_file(folders), _state(folders)
    remembered = _recall(cache, state)
    if remembered is not None:
        return remembered
    found = tuple(_read_all(folders))
    _remember(cache, state, found)
    return found


def _read_all(folders: Iterable[str]) -> Iterator[Declaration]:
    seen = set()
    for distribution in _declaring(folders) if _is_only_on_path() else metadata.distributions():
        try:
            declared = list(_declared(distribution))
        except (ValueError, TypeError, OSError) as error:  # a stranger's file: it breaks only itself
            place = distribution.locate_file("")
            _log.warning("a distribution in %s is passed over, its entry points cannot be read: %s", place, error)
            continue
        if declared and declared[0].distribution not in seen:
            seen.add(declared[0].distribution)
            yield from declared


def _declaring(folders: Iterable[str]) -> Iterator[metadata.Distribution]:
    """Yield the distributions that name a group of ours; one behind another of its name is hidden by that.

    Looking into the files ourselves takes a fourth of what `metadata.distributions` takes, which makes an object of
    each and reads by way of it.
    """
    seen: set[str] = set()
    for folder in folders:
        if folder.endswith(".egg") or not os.path.isdir(folder):  # an archive, or laid out otherwise
            yield from metadata.distributions(path=[folder])
            continue
        for info in _infos(folder):
            name = info.rpartition(".")[0].partition("-")[0].lower()
            if name not in seen and _names_a_group_of_ours(os.path.join(folder, info, _ENTRY_POINTS)):
                yield metadata.Distribution.at(Path(folder, info))
            seen.add(name)


def _names_a_group_of_ours(entry_points: str) -> bool:
    try:
        with open(entry_points, "rb") as file:
            return _GROUP in file.read()
    except OSError:
        return False


def _is_only_on_path() -> bool:
    """Tell whether nothing but the folders of `sys.path` gives distributions."""
    return len([item for item in sys.meta_path if getattr(item, "find_distributions", None) is not None]) == 1


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


def _state(folders: Iterable[str]) -> list[list[Any]]:
    """Return where the entry points of each distribution stand, or would stand, each with its time and size."""
    found: list[list[Any]] = []
    for folder in folders:
        try:
            paths = [os.path.join(folder, name) for name in _infos(folder)]
        except OSError:  # not there, or an archive
            found.append([folder, *_stamp(folder)])
            continue
        # The egg-info of an old distribution is a file.
        found += [[path, *_stamp(os.path.join(path, _ENTRY_POINTS))] for path in paths]
    return found


def _infos(folder: str) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.lower().endswith(_INFO))


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
    if not _is_only_on_path():
        return None
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    key = hashlib.blake2b("\0".join(map(os.path.abspath, folders)).encode("utf-8", "surrogateescape"), digest_size=8)
    return base / "accelerator" / f"components-{key.hexdigest()}.json"
