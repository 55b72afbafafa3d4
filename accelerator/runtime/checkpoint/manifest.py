"""The manifest of a checkpoint, as text that a stranger may have written: it names files beside it and nothing else."""

import json
from collections.abc import Set
from pathlib import Path
from typing import Any


def parse_manifest(text: bytes, needed: Set[str]) -> dict[str, Any] | None:
    """Return a manifest whose every part is what it should be; None for anything else, whoever wrote it.

    `needed` are the names of files that it must list.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not {"format_version", "step", "files", "aliases"} <= found.keys():
        return None
    files, aliases = found["files"], found["aliases"]
    are_numbers = type(found["format_version"]) is int and type(found["step"]) is int
    if not are_numbers or not isinstance(files, dict) or not isinstance(aliases, dict):
        return None
    if not needed <= files.keys() or not isinstance(found.get("facts", {}), dict):
        return None
    lie_here = all(
        Path(name).name == name and isinstance(item, dict) and {"size", "sha256"} <= item.keys()
        for name, item in files.items()
    )
    return found if lie_here and all(isinstance(name, str) for name in aliases.values()) else None
