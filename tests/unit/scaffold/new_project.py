"""A project made by `init` in a test, and templates of another version of us."""

import shutil
from dataclasses import replace
from pathlib import Path

from accelerator.config.project import Project
from accelerator.scaffold.init import init
from accelerator.scaffold.project_template import SHIPPED
from accelerator.scaffold.record import entry_content, entry_path, read_record


def start(root: Path) -> Project:
    """Start a project in `root`."""
    init(str(root), project=Project(root.parent))
    return Project(root)


def templates_with(folder: Path, changes: dict[str, tuple[str, str]], new: dict[str, str] | None = None) -> Path:
    """Return templates of another version: in each file that `changes` names, one text is another; some are new."""
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name, (old, text) in changes.items():
        path = folder / "project" / f"{name}.template"
        before = path.read_text(encoding="utf-8")
        assert before.count(old) == 1
        path.write_text(before.replace(old, text), encoding="utf-8")
    for name, text in (new or {}).items():
        (folder / "project" / f"{name}.template").write_text(text, encoding="utf-8")
    return folder


def files_of(root: Path) -> dict[str, bytes]:
    """Return all files below a folder, by path, whatever they are."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def own_files(root: Path) -> dict[str, bytes]:
    """Return the files below a folder but for the record."""
    return {path: content for path, content in files_of(root).items() if not path.startswith(".accelerator/")}


def recorded(root: Path) -> dict[str, bytes]:
    """Return what the record says that was written, by path."""
    return {path: entry.text.encode("utf-8") for path, entry in read_record(root).entries.items()}


def pretend_older(root: Path, path: str, now: str, then: str) -> None:
    """Make a file, and what the record says of it, as if an older version had written `then` where it is `now`."""
    entry = read_record(root).entries[path]
    older = entry.text.replace(now, then)
    assert older != entry.text
    entry_path(root, path).write_bytes(entry_content(replace(entry, text=older)))
    (root / path).write_text(older, encoding="utf-8")
