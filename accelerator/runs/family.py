"""Runs that belong together by where they lie: those below a folder that has a run of its own, a sweep or a pipeline.

That run is a run folder like any other, `<folder>/.run/<folder's name>`: hidden, so that `list` shows the others alone.
No file has to say who belongs to whom, and none that came from elsewhere can.
"""

from pathlib import Path

from accelerator.runs.folder import RunFolder

_HIDDEN = ".run"
MOST_LEVELS = 8
"""So deep a run may lie in the folder of its sweep or pipeline."""


def run_of_folder(folder: Path) -> RunFolder:
    """Return where the run of a sweep's or pipeline's folder lies; making it is left to the caller."""
    return RunFolder(folder / _HIDDEN / folder.name)


def has_run(folder: Path) -> bool:
    """Tell whether a folder is one of a sweep or a pipeline that has a run of its own."""
    return run_of_folder(folder).config.is_file()


def folder_of(run: RunFolder) -> Path:
    """Return the folder that a run made by `run_of_folder` is the run of."""
    return run.path.parent.parent


def parent_of(run: RunFolder) -> RunFolder | None:
    """Return the run of the nearest folder around a run; None when there is none."""
    for above in list(run.path.parents)[:MOST_LEVELS]:
        found = run_of_folder(above)
        if found.config.is_file() and found.path != run.path:
            return found
    return None
