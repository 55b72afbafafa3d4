"""`accelerator configure init`: a project from nothing, or configs for one that exists; all files or none."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelerator.config.json_schema import SCHEMA_FILE
from accelerator.config.project import CONFIGS, Project, find_project
from accelerator.errors import InputError, UsageError
from accelerator.scaffold.add_files import PlannedFile, write_all
from accelerator.scaffold.add_package import packages_of
from accelerator.scaffold.generated import sealed
from accelerator.scaffold.project_names import ProjectNames, names_of
from accelerator.scaffold.project_template import CONFIGS_ONLY, PROJECT, project_files, values_of
from accelerator.scaffold.record import FOLDER, Entry
from accelerator.scaffold.recording import recorded
from accelerator.scaffold.write_schema import schema_files

COMMAND = "accelerator configure init"
PYPROJECT = "pyproject.toml"
SCHEMA = f"{CONFIGS}/{SCHEMA_FILE}"


@dataclass(frozen=True)
class Started:
    """A project that was started: its root, the files from there, and what the user should know."""

    root: Path
    written: tuple[str, ...]
    notes: tuple[str, ...]
    next_commands: tuple[str, ...]


def init(directory: str | None, *, project: Project, configs_only: bool = False) -> Started:
    """Write a new project into a folder, which need not exist; or, with `configs_only`, configs into one that exists.

    Without `directory` it is the working folder, with `configs_only` the root of `project`.

    Raises:
        UsageError: the name of the folder is empty.
        InputError: files are in the way, or the folder cannot be written. Nothing is different then from what it was.
    """
    root = _root(directory, project, configs_only)
    words = [COMMAND, directory or "", "--configs_only" if configs_only else ""]
    command = " ".join(word for word in words if word)
    names = names_of(root)
    template = CONFIGS_ONLY if configs_only else PROJECT
    files = project_files(template, values_of(names))
    refuse_what_stands(root, [*files, SCHEMA], command, configs_only)
    entries = [Entry(path, text, template, values_of(names)) for path, text in files.items()]
    new = [PlannedFile(root / path, text.encode("utf-8")) for path, text in files.items()]
    write_all([*recorded(root, entries), *new], root, command, force=False, derived=lambda: _schema(root))
    notes = _configs_only_notes(root) if configs_only else _notes(root, names)
    written = tuple(sorted([*files, SCHEMA]))
    return Started(root, written, tuple(notes), tuple(_next_commands(root, configs_only)))


def refuse_what_stands(root: Path, files: Sequence[str], command: str, configs_only: bool) -> None:
    """Refuse to start a project where one of its files, or something else in the place of a folder, is there already.

    Raises:
        InputError: names all of it, and what to do.
    """
    standing = list(dict.fromkeys(found for path in files if (found := _standing(root, path))))
    if not standing:
        return
    if root.exists() and not root.is_dir():
        raise InputError(f"{command}: {root} is a file. Name a folder, or one that is yet to be made.")
    ours = (root / FOLDER).is_dir()
    ways = ["choose another folder", "move them away"]
    ways += (
        []
        if configs_only or f"{CONFIGS}/main.yaml" in standing
        else [f"add configs alone with {COMMAND} --configs_only"]
    )
    ways += [f"bring what we wrote up to date with {COMMAND} --update"] if ours else []
    raise InputError(
        f"{command}: {root} has already {_listed(standing)}. Nothing was written, so that nothing is overwritten: "
        f"{', '.join(ways[:-1])}, or {ways[-1]}."
    )


def _schema(root: Path) -> list[PlannedFile]:
    """Return the schema by which editors complete the configs that have just been written."""
    files = schema_files(Project(root))
    return [PlannedFile(item.path, sealed(item.text).encode("utf-8")) for item in files if item.text is not None]


def _root(directory: str | None, project: Project, configs_only: bool) -> Path:
    if directory is not None and not directory.strip():
        raise UsageError(f"{COMMAND}: DIR is empty. Name a folder, or leave it out for the working one.")
    if directory is not None:
        return Path(directory).expanduser().resolve()
    here = Path.cwd()
    return project.root if configs_only or not here.is_relative_to(project.root) else here


def _standing(root: Path, path: str) -> str:
    """Return what is in the way of a file: itself, or something that is no folder where one must be; else ""."""
    place = root / path
    for folder in reversed([item for item in place.parents if item.is_relative_to(root)]):
        if os.path.lexists(folder) and (not folder.is_dir() or (folder.is_symlink() and folder != root)):
            return folder.relative_to(root).as_posix()
    return path if os.path.lexists(place) else ""


def _listed(standing: list[str]) -> str:
    return ", ".join(standing[:-1]) + f" and {standing[-1]}" if len(standing) > 1 else standing[0]


def _notes(root: Path, names: ProjectNames) -> list[str]:
    notes = [f"The package is called {names.package}: {names.reason}."] if names.reason else []
    around = find_project(root.parent).root
    if around != root and ((around / PYPROJECT).is_file() or (around / CONFIGS).is_dir()):
        notes.append(f"It lies inside the project {around}. Commands in {root} are about the inner one.")
    return notes


def _configs_only_notes(root: Path) -> list[str]:
    package = next((item.name for item in packages_of(Project(root))), "your_package")
    return [
        f"{PYPROJECT} was left as it is. For a component of your own, add to it (or let accelerator add do it):\n"
        f'  [project.entry-points."accelerator.model"]\n'
        f'  my_model = "{package}.my_model:MyModel"',
        "What runs leave behind is outputs/, mlflow.db and mlartifacts/: lines for your .gitignore.",
    ]


def _next_commands(root: Path, configs_only: bool) -> list[str]:
    enter = [] if root == Path.cwd() else [f"cd {_quoted(root)}"]
    return [*enter, *([] if configs_only else ["make test"]), "accelerator experiment train experiment=example"]


def _quoted(root: Path) -> str:
    shown = os.path.relpath(root) if root.is_relative_to(Path.cwd()) else str(root)
    return f"'{shown}'" if " " in shown else shown
