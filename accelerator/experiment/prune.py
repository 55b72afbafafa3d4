"""Throwing old checkpoints and runs away: shown first, and carried out only when that is asked for."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerator.config.project import Project, find_project
from accelerator.errors import RunLockedError
from accelerator.experiment.list_runs import list_runs
from accelerator.experiment.named_run import output_root
from accelerator.experiment.prune_choice import Choice
from accelerator.experiment.prune_plan import REMOVING, Plan, Removal, locked_by, make_plan
from accelerator.runs.belongings import strangers
from accelerator.runs.checkpoints import discard, list_checkpoints, remove_checkpoint
from accelerator.runs.files import storage_error, sync_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import RunLock
from accelerator.runs.summary import read_summary, write_summary

PRUNING = "pruning"
"""The role under which a run's locks are held meanwhile."""


@dataclass(frozen=True)
class Pruned:
    """What was planned, and what became of it."""

    plan: Plan
    is_done: bool
    refused: tuple[tuple[str, str], ...] = ()
    """Runs that came into use meanwhile, with the reason."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON holds it: paths as texts, sizes in bytes."""
        return {
            "is_done": self.is_done,
            **self.plan.to_json(),
            "refused": [{"run": run_id, "reason": reason} for run_id, reason in self.refused],
        }


def prune(choice: Choice, *, is_carried_out: bool = False, project: Project | None = None) -> Pruned:
    """Say what of the project's runs would be removed, or remove it.

    Never touched: what runs, what a run that stays or a pipeline needs, and files that the run did not write. Killed
    in the middle, it leaves every run whole or gone, and the next call removes the rest.

    Raises:
        UsageError: the choice cannot be understood, or means everything.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
        StorageError: the disk refuses.
    """
    project = project or find_project()
    output = output_root(project)
    plan = make_plan(list_runs(project), choice, output)
    if not is_carried_out:
        return Pruned(plan, False)
    for path in plan.leftovers:
        discard(path)
    refused = [(item.run_id, reason) for item in plan.removals if (reason := _carry_out(item))]
    return Pruned(plan, True, tuple(refused))


def _carry_out(removal: Removal) -> str:
    """Remove what was planned of one run; return why not, where it has come into use meanwhile."""
    folder = RunFolder(removal.folder)
    reason = locked_by(folder)
    if reason:
        return reason
    try:
        with _held(folder.lock), _held(folder.forwarder_lock):
            if not removal.is_whole:
                _remove_checkpoints(folder, removal)
                return ""
            others = strangers(folder)
            if others:
                return f"{others[0]} in it is not its own"
            aside = _put_aside(folder.path)
    except RunLockedError:
        return "it is running"
    discard(aside)
    return ""


def _held(path: Path) -> RunLock:
    return RunLock.acquire(path, role=PRUNING, patience_s=0.0)


def _remove_checkpoints(folder: RunFolder, removal: Removal) -> None:
    complete = {path.name for path in list_checkpoints(folder.checkpoints)}
    for path in removal.checkpoints:
        if path.name in complete:
            remove_checkpoint(path)
        else:
            discard(path)
    if not list_checkpoints(folder.checkpoints):
        for alias in ("last", "best"):
            (folder.checkpoints / alias).unlink(missing_ok=True)
    _correct_summary(folder)


def _correct_summary(folder: RunFolder) -> None:
    """Let the summary name no checkpoint that is gone."""
    if not folder.summary.exists():
        return
    there = {path.name for path in list_checkpoints(folder.checkpoints)}
    summary = read_summary(folder)
    best = summary.best
    if best is not None and best["checkpoint"] not in there:
        best = {**best, "checkpoint": None}
    last = summary.checkpoint if summary.checkpoint in there else None
    if (best, last) != (summary.best, summary.checkpoint):
        write_summary(folder, replace(summary, best=best, checkpoint=last))


def _put_aside(path: Path) -> Path:
    """Rename a run folder, in one move, to what no command takes for a run."""
    aside = path.with_name(f"{REMOVING}{path.name}")
    try:
        os.rename(path, aside)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(path, error, doing="removed") from error
    return aside
