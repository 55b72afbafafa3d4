"""Reading what distributions declare. Imported when nothing is remembered: `importlib.metadata` takes 40 ms."""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from accelerator.discovery.declaration import ENTRY_POINTS, GROUP_PREFIX, Declaration, infos_in, is_only_on_path

_GROUP = f"[{GROUP_PREFIX}".encode()
_METADATA = ("METADATA", "PKG-INFO")
_NAME = re.compile(r"^Name:\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_log = logging.getLogger(__name__)


def read_all(folders: Iterable[str]) -> Iterator[Declaration]:
    """Yield what all distributions in these folders declare; one that cannot be read is passed over, with a warning."""
    seen = set()
    for distribution in _declaring(folders) if is_only_on_path() else metadata.distributions():
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
        for info in infos_in(folder):
            name = info.rpartition(".")[0].partition("-")[0].lower()
            if name not in seen and _names_a_group_of_ours(os.path.join(folder, info, ENTRY_POINTS)):
                yield metadata.Distribution.at(Path(folder, info))
            seen.add(name)


def _names_a_group_of_ours(entry_points: str) -> bool:
    try:
        with open(entry_points, "rb") as file:
            return _GROUP in file.read()
    except OSError:
        return False


def _declared(distribution: metadata.Distribution) -> Iterator[Declaration]:
    text = distribution.read_text(ENTRY_POINTS)
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
