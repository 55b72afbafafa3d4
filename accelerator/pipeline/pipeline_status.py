"""How the pipelines of a project stand."""

from dataclasses import dataclass

from accelerator.config.project import Project
from accelerator.errors import RunNotFoundError, StorageError, did_you_mean
from accelerator.experiment.named_run import output_root
from accelerator.pipeline.pipeline_folder import pipeline_folders
from accelerator.pipeline.state import PipelineState, read_state


@dataclass(frozen=True)
class Pipelines:
    """The newest pipeline of each name, the newest first, and sentences about files that cannot be read."""

    pipelines: tuple[PipelineState, ...]
    notes: tuple[str, ...]


def pipeline_status(name: str | None = None, *, project: Project) -> Pipelines:
    """Return how the newest pipeline of each name stands, or that of one name.

    Raises:
        RunNotFoundError: no pipeline of that name has run.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
    """
    found: dict[str, PipelineState] = {}
    notes: list[str] = []
    names: list[str] = []
    for folder in pipeline_folders(output_root(project)):
        called = folder.parent.name
        names.append(called)
        if called in found or (name is not None and called != name):
            continue
        try:
            found[called] = read_state(folder)
        except StorageError as error:
            notes.append(str(error))
    if name is not None and not found and not notes:
        raise RunNotFoundError(
            f"No pipeline '{name}' has run here. {did_you_mean(name, names)} Run it: accelerator pipeline run {name}"
        )
    return Pipelines(tuple(found.values()), tuple(notes))
