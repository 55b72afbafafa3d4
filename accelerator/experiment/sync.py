"""Carrying to the tracker what of a run has not arrived there yet."""

from dataclasses import dataclass

from accelerator.config.project import Project, find_project
from accelerator.experiment.named_run import named_run
from accelerator.runs.delivery import Delivery
from accelerator.runs.folder import RunFolder
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

    Raises:
        RunNotFoundError: no run is meant, or more than one.
    """
    project = project or find_project()
    folder = named_run(reference, project).folder
    delivery = tracker.sync(folder, project.root)
    has_arrived = delivery.is_complete or (is_held(folder.lock) and delivery.error is None)
    return Synced(folder, delivery, open_command(folder, project), has_arrived)
