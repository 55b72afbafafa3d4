"""How the pipelines of a project stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from accelerator.config.project import Project
from accelerator.errors import RunNotFoundError, StorageError, did_you_mean
from accelerator.pipeline.pipeline_folder import output_of, pipeline_folders
from accelerator.pipeline.state import DIED, STATE_FILE, PipelineState, read_state
from accelerator.pipeline.write_page import PAGE, write_page


@dataclass(frozen=True)
class Pipelines:
    """The newest pipeline of each name, the newest first, and sentences about files that cannot be read."""

    pipelines: tuple[PipelineState, ...]
    notes: tuple[str, ...]


def pipeline_status(name: str | None = None, overrides: Sequence[str] = (), *, project: Project) -> Pipelines:
    """Return how the newest pipeline of each name stands, or that of one name; one that was killed gets its page.

    `overrides` say where they lie, as they said it to the run: `paths.output=DIR`.

    Raises:
        RunNotFoundError: no pipeline of that name has run.
        UsageError: an override says nothing about that.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
    """
    found: dict[str, PipelineState] = {}
    notes: list[str] = []
    names: list[str] = []
    for folder in pipeline_folders(output_of(overrides, project)):
        called = folder.parent.name
        names.append(called)
        if called in found or (name is not None and called != name):
            continue
        try:
            found[called] = read_state(folder)
            _see_to_page(found[called])
        except StorageError as error:
            notes.append(str(error))
    if name is not None and not found and not notes:
        raise RunNotFoundError(
            f"No pipeline '{name}' has run here. {did_you_mean(name, names) or 'None has yet.'} "
            f"Run it: accelerator pipeline run {name}"
        )
    return Pipelines(tuple(found.values()), tuple(notes))


def _see_to_page(state: PipelineState) -> None:
    """Write the page of a pipeline that was killed before it could, so that its page shows how far it came."""
    page, file = state.folder / PAGE, state.folder / STATE_FILE
    if state.status == DIED and not (page.is_file() and page.stat().st_mtime_ns > file.stat().st_mtime_ns):
        write_page(state)
