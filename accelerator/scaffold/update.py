"""`accelerator configure init --update`: what we wrote becomes what the installed version writes.

A file that the user left alone is replaced. One that the user changed is merged: what we wrote then, from the record,
is the base. Where both changed the same place the user's file stays, and ours is put beside it as `FILE.new`. What the
user deleted stays deleted. A record that was lost or damaged is made anew for the files that are as we write them.
Index files and the schema are made anew where they are stale, and were not changed by hand.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.scaffold.add_files import PlannedFile, write_all
from accelerator.scaffold.beside import free_path
from accelerator.scaffold.current_text import current_entries, current_text
from accelerator.scaffold.generated_configs import renewed_configs
from accelerator.scaffold.merge import merge
from accelerator.scaffold.project_template import SHIPPED
from accelerator.scaffold.record import FOLDER, TRASH, Entry, Record, content_of, read_record
from accelerator.scaffold.recording import recorded

COMMAND = "accelerator configure init --update"
REPLACED, MERGED, ADDED, ADOPTED, CONFLICT = "replaced", "merged", "added", "adopted", "conflict"


@dataclass(frozen=True)
class Change:
    """What an update does to one file.

    `action` is `replaced` (it was as we had written it), `merged`, `added` (new in this version), `adopted` (as we
    write it, but not soundly recorded until now) or `conflict` (left alone; `beside` holds our text).
    """

    action: str
    path: str
    beside: str = ""


@dataclass(frozen=True)
class Updated:
    """All that an update did; `backups` is where the user's text of merged files was kept, "" without any."""

    root: Path
    changes: tuple[Change, ...]
    backups: str = ""


@dataclass(frozen=True)
class _Plan:
    change: Change
    entry: Entry | None
    """What the record says afterwards; None: what it said before."""
    files: tuple[PlannedFile, ...] = ()


def update(directory: str | None = None, *, project: Project, templates: Path = SHIPPED) -> Updated:
    """Bring the files that we wrote into a project up to date; all of them or, when something fails, none.

    Args:
        directory: the root of the project; None: that of `project`.
        project: the one that the command was started in.
        templates: where the templates of the installed version lie.

    Raises:
        InputError: there is nothing of ours, or a file cannot be written.
    """
    root = project.root if directory is None else Path(directory).expanduser().resolve()
    record = read_record(root)
    plans = list(_plans(root, record, templates))
    if not plans and not record.entries:
        raise InputError(
            f"{COMMAND}: {root} holds nothing that was written by accelerator configure init. "
            f"Start a project with accelerator configure init DIR, or add configs with --configs_only."
        )
    folder = free_path(root / FOLDER / TRASH / f"{time.strftime('%Y%m%d-%H%M%S')}-update")
    kept = [
        PlannedFile(folder / plan.change.path, file.replaces or b"")
        for plan in plans
        for file in plan.files
        if plan.change.action == MERGED
    ]
    entries = recorded(root, [plan.entry for plan in plans if plan.entry])
    files = [*kept, *(file for plan in plans for file in plan.files), *entries]
    renewed = partial(renewed_configs, Project(root))
    written = write_all(files, root, COMMAND, force=False, derived=renewed)
    planned = {item.path for item in files}
    generated = [path.relative_to(root).as_posix() for path in written.changed if path not in planned]
    changes = (*(plan.change for plan in plans), *(Change(REPLACED, path) for path in generated))
    return Updated(root, changes, folder.relative_to(root).as_posix() if kept else "")


def _plans(root: Path, record: Record, templates: Path) -> Iterator[_Plan]:
    for _, entry in sorted(record.entries.items()):
        now = current_text(entry, templates)
        if now is not None and now != entry.text:
            yield from _of_recorded(root, entry, now)
    done = set(record.entries)
    for entry in current_entries(root, record, templates):
        for plan in _of_unrecorded(root, record, entry) if entry.path not in done else ():
            done.add(entry.path)
            yield plan


def _of_recorded(root: Path, entry: Entry, now: str) -> Iterator[_Plan]:
    path, content = entry.path, content_of(root, entry.path)
    if content is None:
        return
    renewed = replace(entry, text=now)
    if content == now.encode("utf-8"):
        yield _Plan(Change(ADOPTED, path), renewed)
    elif content == entry.text.encode("utf-8"):
        yield _Plan(Change(REPLACED, path), renewed, (PlannedFile(root / path, now.encode("utf-8"), content),))
    else:
        yield _merged(root, renewed, content, entry.text)


def _merged(root: Path, renewed: Entry, content: bytes, base: str) -> _Plan:
    path, theirs = renewed.path, renewed.text.encode("utf-8")
    try:
        merged = merge(base, content.decode("utf-8"), renewed.text)
    except UnicodeDecodeError:
        merged = None
    if merged is not None:
        return _Plan(Change(MERGED, path), renewed, (PlannedFile(root / path, merged.encode("utf-8"), content),))
    beside = free_path(root / f"{path}.new", theirs)
    new = () if beside.exists() else (PlannedFile(beside, theirs),)
    return _Plan(Change(CONFLICT, path, beside.relative_to(root).as_posix()), None, new)


def _of_unrecorded(root: Path, record: Record, entry: Entry) -> Iterator[_Plan]:
    content, text = content_of(root, entry.path), entry.text.encode("utf-8")
    if content == text:
        yield _Plan(Change(ADOPTED, entry.path), entry)
    elif content is None and record.entries and entry.path not in record.damaged:
        if not os.path.lexists(root / entry.path):
            yield _Plan(Change(ADDED, entry.path), entry, (PlannedFile(root / entry.path, text),))
