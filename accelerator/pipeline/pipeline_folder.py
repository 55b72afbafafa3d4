"""Where pipelines lie, and which of their folders a command goes on with."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from accelerator.config.pipeline_config import is_of_whole
from accelerator.config.project import Project
from accelerator.errors import RunLockedError, StorageError, UsageError
from accelerator.experiment.named_run import output_root
from accelerator.experiment.outcome import Say
from accelerator.pipeline.cache import PIPELINES
from accelerator.pipeline.state import COMPLETED, LOCK_FILE, STATE_FILE, PipelineState, read_state
from accelerator.pipeline.step_folder import StepFolder
from accelerator.redaction import redact_text
from accelerator.runs.folder import create_run_folder
from accelerator.runs.lock import RunLock

_MOST_LOOKED_AT = 20


def output_of(overrides: Sequence[str], project: Project) -> Path:
    """Return the output root that pipelines lie below, as a command with these overrides has it.

    Raises:
        UsageError: an override says nothing about where they lie.
        ConfigError: the project's `main` does not compose.
    """
    for text in overrides:
        if not is_of_whole(text):
            raise UsageError(
                f"{redact_text(text)}: says nothing about where pipelines lie, as paths.output=DIR does, and a "
                f"pipeline is named by its name alone. Leave it out."
            )
    return output_root(project, overrides)


def open_folder(output: Path, name: str, definition: str, say: Say) -> tuple[Path, RunLock, PipelineState | None]:
    """Return the folder of a pipeline, its lock, and how it stands when the same command was left unfinished in it.

    Raises:
        StorageError: the folder cannot be made.
    """
    for folder in list(pipeline_folders(output, name))[:_MOST_LOOKED_AT]:
        try:
            state = read_state(folder)
        except StorageError as error:
            say(f"{error} It is passed over: what its steps gave is recorded, and taken from there.")
            continue
        if state.definition != definition:
            continue
        if state.status == COMPLETED:
            break
        try:
            return folder, RunLock.acquire(folder / LOCK_FILE, patience_s=0.5), state
        except RunLockedError:  # the same command, given twice: each has a folder of its own
            break
    folder = create_run_folder(output / PIPELINES, name).path
    return folder, RunLock.acquire(folder / LOCK_FILE), None


def pipeline_folders(output: Path, name: str | None = None) -> Iterator[Path]:
    """Yield the folders of a pipeline, or of all, the newest first."""
    names = [name] if name is not None else [path.name for path in _folders_in(output / PIPELINES)]
    found = [path for item in names for path in _folders_in(output / PIPELINES / item)]
    yield from sorted((path for path in found if (path / STATE_FILE).is_file()), key=_age, reverse=True)


def new_step_folder(folder: Path, step: str) -> StepFolder:
    """Return a folder for a step that is not there yet: `steps/NAME`, `steps/NAME.2` when that was used before."""
    path, count = folder / "steps" / step, 1
    while path.exists():
        count += 1
        path = folder / "steps" / f"{step}.{count}"
    return StepFolder(path)


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []


def _age(path: Path) -> tuple[str, int]:
    return path.name.rpartition("-")[0], path.stat().st_ctime_ns
