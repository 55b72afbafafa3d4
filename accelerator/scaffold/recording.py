"""What is written into the record together with the files it is about."""

from collections.abc import Iterable
from pathlib import Path

from accelerator.scaffold.add_files import PlannedFile
from accelerator.scaffold.record import FOLDER, Entry, entry_content, entry_path

_IGNORE = ".gitignore"
_IGNORED = "# What was removed can be brought back on this machine alone.\n/trash/\n"


def recorded(root: Path, entries: Iterable[Entry]) -> list[PlannedFile]:
    """Return the files of the record for what is about to be written; an older entry of the same path is replaced."""
    places = [(entry_path(root, entry.path), entry_content(entry)) for entry in entries]
    files = [PlannedFile(place, content, place.read_bytes() if place.is_file() else None) for place, content in places]
    ignore = root / FOLDER / _IGNORE
    if not ignore.exists():
        files.append(PlannedFile(ignore, _IGNORED.encode("utf-8")))
    return files
