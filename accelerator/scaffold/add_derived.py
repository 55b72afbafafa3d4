"""What a new component changes in files that are generated from all of them: the index, and the schema for editors."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from accelerator.components import KINDS
from accelerator.config.index_files import INDEX
from accelerator.config.json_schema import SCHEMA_FILE, schema_line
from accelerator.config.project import Project
from accelerator.scaffold.add_files import PlannedFile
from accelerator.scaffold.generated import GeneratedFile, sealed
from accelerator.scaffold.write_index import index_files
from accelerator.scaffold.write_schema import schema_files

_MAIN = "main.yaml"
_SCHEMA_MARK = "yaml-language-server"


def derived_files(project: Project, kind: str) -> Iterator[PlannedFile]:
    """Give the index file of a kind and the schema, where the project has them and they are stale.

    What was changed by hand is left as it is: `accelerator configure index` and `schema` tell about it.
    """
    schema, index = project.configs / SCHEMA_FILE, project.configs / INDEX / f"{kind}.yaml"
    if kind in KINDS and index.parent.is_dir():
        yield from (_brought_up_to_date(item) for item in index_files(project) if item.path == index and _is_due(item))
    if schema.is_file():
        yield from (_brought_up_to_date(item) for item in schema_files(project) if _is_due(item))


def with_schema_line(text: str, path: Path, project: Project) -> str:
    """Return a config's text with the line by which editors find the schema, in a project that has such lines."""
    file = PurePosixPath(path.relative_to(project.configs).as_posix())
    main = project.configs / _MAIN
    has_lines = main.is_file() and _SCHEMA_MARK in main.read_text(encoding="utf-8")
    if not has_lines or file.parent.as_posix() not in (*KINDS, "experiment"):
        return text
    first, rest = text.split("\n", 1)
    line = schema_line(file)
    return f"{first}\n{line}\n{rest}" if first.startswith("# @package") else f"{line}\n{text}"


def _is_due(item: GeneratedFile) -> bool:
    return item.text is not None and item.state in ("missing", "stale")


def _brought_up_to_date(item: GeneratedFile) -> PlannedFile:
    before = item.path.read_bytes() if item.path.is_file() else None
    return PlannedFile(item.path, sealed(item.text or "").encode("utf-8"), before)
