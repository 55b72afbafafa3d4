"""Carrying to the tracker what of a run has not arrived there yet."""

from dataclasses import dataclass
from pathlib import Path

from accelerator.config.project import Project, find_project
from accelerator.experiment.named_run import named_run
from accelerator.runs.delivery import Delivery
from accelerator.runs.family import has_run, run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.links import refuse_links
from accelerator.runs.listing import list_runs
from accelerator.runs.lock import is_held
from accelerator.tracking import sync as tracker
from accelerator.tracking.where_to_look import open_command


@dataclass(frozen=True)
class Synced:
    """How far a run has been carried."""

    folder: RunFolder
    delivery: Delivery
    open_command: str | None
    """What shows the run in the tracker; None when nothing does, or in a store that only the run's files name."""
    has_arrived: bool
    """Whether everything is there that the run had logged when it was asked for."""


def sync(reference: str, *, project: Project | None = None) -> Synced:
    """Return when everything that a run has logged by now is in the tracker, or cannot be brought there.

    Of the folder of a sweep or a pipeline that is each run in it, and then its own; what is told is of the first that
    does not arrive, or else of its own.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: a part of a run's folder is a link.
    """
    project = project or find_project()
    whole = Path(reference).expanduser().absolute()
    if not has_run(whole):
        return _sync(named_run(reference, project).folder, project)
    for folder in [*(run.folder for run in list_runs(whole)), run_of_folder(whole)]:
        refuse_links(folder)
        synced = _sync(folder, project)
        if not synced.has_arrived:
            break
    return synced


def _sync(folder: RunFolder, project: Project) -> Synced:
    delivery = tracker.sync(folder, project.root)
    has_arrived = delivery.is_complete or (is_held(folder.lock) and delivery.error is None)
    return Synced(folder, delivery, open_command(folder, project), has_arrived)
