"""Carrying to the tracker what of a run has not arrived there yet."""

from dataclasses import dataclass, replace
from pathlib import Path

from accelerator.config.project import Project, find_project
from accelerator.experiment.named_run import named_run
from accelerator.runs.delivery import Delivery
from accelerator.runs.family import has_run, parent_of, run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.links import refuse_links
from accelerator.runs.listing import list_runs
from accelerator.runs.lock import is_held
from accelerator.runs.run import is_run_folder
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
    others: int = 0
    """How many more runs that were asked for have arrived."""


def sync(reference: str, *, project: Project | None = None) -> Synced:
    """Return when everything that a run has logged by now is in the tracker, or cannot be brought there.

    Of a folder that holds runs, such as that of a sweep, a pipeline or the output root, that is each run in it, and
    then those of the sweeps and pipelines there; what is told is of the first that does not arrive, or else of the
    last. A store that two runs in turn were refused by for one reason is not asked for the others.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: a part of a run's folder is a link.
    """
    project = project or find_project()
    folders = _runs_in(Path(reference).expanduser().absolute()) or [named_run(reference, project).folder]
    arrived: list[Synced] = []
    failed: list[Synced] = []
    for folder in folders:
        refuse_links(folder)
        synced = _sync(folder, project)
        (arrived if synced.has_arrived else failed).append(synced)
        if len(failed) > 1 and failed[-1].delivery.error == failed[-2].delivery.error:
            break
    return failed[0] if failed else replace(arrived[-1], others=len(arrived) - 1)


def _runs_in(whole: Path) -> list[RunFolder]:
    """Return the runs in a folder of runs, then those of the sweeps and pipelines there; none of a run's own folder."""
    if not whole.is_dir() or is_run_folder(whole):
        return []
    runs = [run.folder for run in list_runs(whole)]
    above = {folder.path: folder for folder in map(parent_of, runs) if folder is not None}
    own = run_of_folder(whole)
    groups = [folder for path, folder in above.items() if path.is_relative_to(whole) and path != own.path]
    return [*runs, *groups, *([own] if has_run(whole) else [])]


def _sync(folder: RunFolder, project: Project) -> Synced:
    delivery = tracker.sync(folder, project.root)
    has_arrived = delivery.is_complete or (is_held(folder.lock) and delivery.error is None)
    return Synced(folder, delivery, open_command(folder, project), has_arrived)
