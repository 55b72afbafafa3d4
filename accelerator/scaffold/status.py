"""`accelerator configure status`: which files of a project are ours, which are the user's, and what shadows what."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accelerator.components import Registry
from accelerator.config.project import CONFIGS, Project, search_path
from accelerator.config.shadows import Shadow, find_shadows
from accelerator.scaffold.current_text import current_text
from accelerator.scaffold.generated_configs import generated_configs
from accelerator.scaffold.record import Record, content_of, read_record

OURS, CHANGED, OUTDATED, DELETED, YOURS = "ours", "changed", "outdated", "deleted", "yours"


@dataclass(frozen=True)
class FileStatus:
    """One file of a project.

    `state` is `ours` (as we wrote it), `changed` (ours, but changed by the user), `outdated` (as we wrote it, and the
    installed version writes it differently), `deleted` (ours, deleted by the user) or `yours`.
    """

    path: str
    state: str
    version: str = ""
    """Our version that wrote it; "" for what is the user's."""
    is_outdated: bool = False
    """Whether the installed version writes it differently, also where the user changed it."""


@dataclass(frozen=True)
class ProjectStatus:
    """All files of ours and all configs of a project, what shadows what, and the entries that cannot be read."""

    root: Path
    files: tuple[FileStatus, ...]
    shadows: tuple[Shadow, ...]
    damaged: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "root": str(self.root),
            "files": [asdict(item) for item in self.files],
            "shadows": [item.to_json() for item in self.shadows],
            "damaged": list(self.damaged),
        }


def status(project: Project) -> ProjectStatus:
    """Look at every file that we wrote into a project, and at every file in its `configs/`.

    A file whose entry in the record is damaged counts as the user's. Generated ones need no entry: each carries a seal.

    Raises:
        ComponentError: a plugin declares a folder of configs that is not there.
    """
    record = read_record(project.root)
    files = {path: _file_status(project.root, record, path) for path in (*record.entries, *_configs(project))}
    files |= {item.path: item for item in _generated(project) if item.path in files}
    sources = search_path(project, Registry.discover(project.root))
    in_order = tuple(files[path] for path in sorted(files))
    return ProjectStatus(project.root, in_order, find_shadows(sources), record.damaged)


def _file_status(root: Path, record: Record, path: str) -> FileStatus:
    entry = record.entries.get(path)
    if entry is None:
        return FileStatus(path, YOURS)
    now = current_text(entry)
    is_outdated = now is not None and now != entry.text
    content = content_of(root, path)
    if content is None:
        state = DELETED
    elif content != entry.text.encode("utf-8"):
        state = CHANGED
    else:
        state = OUTDATED if is_outdated else OURS
    return FileStatus(path, state, entry.version, is_outdated)


def _generated(project: Project) -> Iterator[FileStatus]:
    """Give the state of every generated file that is ours by its seal."""
    states = {"current": OURS, "stale": OUTDATED, "changed by hand": CHANGED}
    for item in generated_configs(project):
        path = item.path.relative_to(project.root).as_posix()
        yield FileStatus(path, states[item.state], is_outdated=item.state == "stale")


def _configs(project: Project) -> Iterator[str]:
    for path in project.configs.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(project.configs).parts):
            yield f"{CONFIGS}/{path.relative_to(project.configs).as_posix()}"
