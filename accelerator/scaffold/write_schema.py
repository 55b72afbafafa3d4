"""`accelerator configure schema`: the schema that editors read, and the reference, of a project's configs."""

import json
from pathlib import Path

from accelerator.components import Registry
from accelerator.config.component_arguments import component_arguments
from accelerator.config.groups import is_our_repository, own_search_path
from accelerator.config.json_schema import COMMAND, SCHEMA_FILE, json_schema
from accelerator.config.project import Project, search_path
from accelerator.config.reference import reference_page
from accelerator.config.trust import OUR_DISTRIBUTION
from accelerator.scaffold.generated import (
    OPEN_SEAL,
    GeneratedFile,
    bring_up_to_date,
    refuse_without_configs,
    stale_lines,
)


def write_schema(
    project: Project, *, reference: str | None = None, check: bool = False, force: bool = False
) -> list[str]:
    """Write `configs/schema.json` of a project, and the reference where `reference` names a file for it.

    A line for each file that was missing or stale comes back, none when all were good; with `check` none is written.

    Raises:
        InputError: one of them was changed by hand (and not `force`, which keeps a copy): nothing is written then. Or
            the project has no configs, or a file cannot be written.
    """
    refuse_without_configs(project, COMMAND)
    files = schema_files(project, project.root / Path(reference).expanduser() if reference else None)
    if check:
        return stale_lines(files, project.root)
    return bring_up_to_date(files, project.root, COMMAND, force=force)


def schema_files(project: Project, page: Path | None = None) -> list[GeneratedFile]:
    """Return the schema, and the reference where `page` says where it goes."""
    registry = Registry.discover(project.root)
    sources = own_search_path(project, search_path(project, registry))
    ours = is_our_repository(project)
    components = [item for item in registry.declared if not ours or item.distribution == OUR_DISTRIBUTION]
    arguments = component_arguments(components, project.root)
    schema = json_schema(sources, components, {name: item.schema for name, item in arguments.items()}, OPEN_SEAL)
    files = [GeneratedFile(project.configs / SCHEMA_FILE, json.dumps(schema, indent=1, ensure_ascii=False) + "\n")]
    if page is not None:
        shown = page.relative_to(project.root) if page.is_relative_to(project.root) else page
        origin = f"`{COMMAND} --reference {shown}`, {OPEN_SEAL}"
        files.append(GeneratedFile(page, reference_page(sources, arguments, origin)))
    return files
