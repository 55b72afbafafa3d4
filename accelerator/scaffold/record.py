"""The record of what we wrote into a project: `.accelerator/written/`, one JSON file for each file of ours.

Each holds the text as we wrote it, so that a later version can tell what is unchanged and merge its own changes into
what the user changed. One file each, in the place of what it is about: two people who add a component each have no
conflict in git, and a path needs no trust, since it is where the entry lies.

An entry that cannot be read, or whose text is not the one of its hash, is damaged: the file it is about then counts as
the user's, and nothing removes or replaces it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

FOLDER = ".accelerator"
TRASH = "trash"
FORMAT_VERSION = 1
OUR_DISTRIBUTION = "accelerator-framework"
_WRITTEN = f"{FOLDER}/written"
_SUFFIX = ".json"


@dataclass(frozen=True)
class Entry:
    """One file that we wrote: its path from the project root, as `a/b`, and how it was made."""

    path: str
    text: str
    template: str
    """What its text was made from, for a later version to make it again."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What was filled into the template."""
    version: str = ""
    """Our version that wrote it."""


@dataclass(frozen=True)
class Record:
    """All that we wrote into a project, by path; `damaged` are the paths whose entries cannot be relied on."""

    entries: Mapping[str, Entry]
    damaged: tuple[str, ...] = ()


def entry_path(root: Path, path: str) -> Path:
    """Return where the entry of a file lies."""
    return root / _WRITTEN / f"{path}{_SUFFIX}"


def entry_content(entry: Entry) -> bytes:
    """Return what the entry's own file holds; the version is ours, whatever the entry says."""
    content = {
        "format_version": FORMAT_VERSION,
        "version": metadata.version(OUR_DISTRIBUTION),
        "template": entry.template,
        "values": dict(entry.values),
        "sha256": _hash(entry.text),
        "text": entry.text,
    }
    return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".encode("utf-8")


def read_record(root: Path) -> Record:
    """Read the record of a project. An empty one, when there is none."""
    entries: dict[str, Entry] = {}
    damaged = []
    folder = root / _WRITTEN
    for place in sorted(folder.rglob(f"*{_SUFFIX}")):
        path = place.relative_to(folder).as_posix().removesuffix(_SUFFIX)
        try:
            entries[path] = _read_entry(path, place)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            damaged.append(path)
    return Record(entries, tuple(damaged))


def is_as_written(root: Path, entry: Entry) -> bool:
    """Tell whether the file is still the one that we wrote, to the last byte."""
    return content_of(root, entry.path) == entry.text.encode("utf-8")


def content_of(root: Path, path: str) -> bytes | None:
    """Return the content of a file of the project; None when it is none, or lies behind a link."""
    place = root / path
    if any(folder.is_symlink() for folder in (place, *_between(root, place))) or not place.is_file():
        return None
    return place.read_bytes()


def _between(root: Path, place: Path) -> Iterator[Path]:
    return (folder for folder in place.parents if folder != root and folder.is_relative_to(root))


def _read_entry(path: str, place: Path) -> Entry:
    found: dict[str, Any] = json.loads(place.read_bytes())
    if found["format_version"] != FORMAT_VERSION or found["sha256"] != _hash(found["text"]):
        raise ValueError(path)
    values = {str(name): str(value) for name, value in found["values"].items()}
    return Entry(path, found["text"], str(found["template"]), values, str(found["version"]))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
