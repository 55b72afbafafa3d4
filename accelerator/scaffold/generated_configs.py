"""The generated files among a project's configs: index files and the schema, ours by the seal that each carries."""

from accelerator.config.project import Project
from accelerator.scaffold.add_files import PlannedFile
from accelerator.scaffold.generated import GeneratedFile, has_seal, sealed
from accelerator.scaffold.write_index import index_files
from accelerator.scaffold.write_schema import schema_files


def generated_configs(project: Project) -> list[GeneratedFile]:
    """Return the generated files that a project has; one without a seal is none, whatever it is called."""
    files = [*index_files(project), *schema_files(project)]
    return [item for item in files if item.path.is_file() and has_seal(item.path)]


def renewed_configs(project: Project) -> list[PlannedFile]:
    """Return what to write into the generated files that are stale, and were not changed by hand."""
    stale = [item for item in generated_configs(project) if item.state == "stale" and item.text is not None]
    return [PlannedFile(item.path, sealed(item.text or "").encode("utf-8"), item.path.read_bytes()) for item in stale]
