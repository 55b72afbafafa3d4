"""What the installed version would write in the place of a file of ours."""

import tomllib
from pathlib import Path

from accelerator.scaffold.project_names import ProjectNames
from accelerator.scaffold.project_template import CONFIGS_ONLY, PROJECT, SHIPPED, project_files, values_of
from accelerator.scaffold.record import Entry, Record

_PYPROJECT = "pyproject.toml"


def current_text(entry: Entry, templates: Path = SHIPPED) -> str | None:
    """Return the text that the template of an entry gives today; None when there is no such template any more."""
    if entry.template not in (PROJECT, CONFIGS_ONLY):
        return None
    try:
        return project_files(entry.template, entry.values, templates).get(entry.path)
    except KeyError:  # what another version wrote may lack a value that is filled in today
        return None


def current_entries(root: Path, record: Record, templates: Path = SHIPPED) -> list[Entry]:
    """Return an entry for each file that the installed version would write into this project.

    Template and values are those of the record. Where that is lost, they are guessed from `pyproject.toml`, and for
    each path there may be two entries: one of a whole project, one of configs alone.
    """
    known = [entry for entry in record.entries.values() if entry.template in (PROJECT, CONFIGS_ONLY)]
    values = known[0].values if known else values_of(_names(root))
    chosen = [known[0].template] if known else [PROJECT, CONFIGS_ONLY]
    return [
        Entry(path, text, template, values)
        for template in chosen
        for path, text in project_files(template, values, templates).items()
    ]


def _names(root: Path) -> ProjectNames:
    try:
        name = str(tomllib.loads((root / _PYPROJECT).read_text(encoding="utf-8"))["project"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        name = root.name
    return ProjectNames(root.name, name.replace("-", "_"))
