"""The runs of a project as rows of a table."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from accelerator.config.project import Project, find_project
from accelerator.config.saved import flatten
from accelerator.errors import StorageError
from accelerator.experiment.late import late
from accelerator.experiment.named_run import output_root
from accelerator.experiment.outcome import Say, say_nothing
from accelerator.runs import listing
from accelerator.runs.choosing import choose_rows
from accelerator.runs.disk import sizes_of_run
from accelerator.runs.row import RunRow
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary

UNREADABLE = "unreadable"
START_FORMAT = "%Y%m%d-%H%M%S"
START_LENGTH = len("20261123-101500")


def list_runs(
    project: Project | None = None,
    *,
    where: str | None = None,
    sort: str | None = None,
    tracking: str | None = None,
    say: Say = say_nothing,
) -> list[RunRow]:
    """Return the runs under the output root of the project, oldest first; those of sweeps and pipelines too.

    Args:
        project: the project; by default that of the working folder.
        where: only those that fulfil a condition (`accelerator.runs.expression`).
        sort: in the order of a key, `-KEY` from the largest.
        tracking: read from MLflow instead: the store's address, or `mlflow` for that of the project.
        say: takes a line about each config that cannot be read.

    Raises:
        ConfigError: the project's `main` does not compose, so that its output root is not known.
        UsageError: the condition cannot be understood, or no run has a key.
        InputError: there is no such store, or it cannot be read.
    """
    project = project or find_project()
    return choose_rows(
        _rows(project, say) if tracking is None else late("tracked_rows", "read_back", "tracking")(tracking, project),
        where,
        sort,
    )


def row_of(run: Run, output: Path, say: Say = say_nothing) -> RunRow:
    """Return one run as a row; `output` is the root that its name counts from."""
    try:
        summary = run.summary
    except StorageError as error:  # one damaged run must not hide the others
        summary = Summary(status=UNREADABLE, error=str(error))
    size, of_checkpoints = sizes_of_run(run.folder)
    parent = run.folder.path.parent
    return RunRow(
        name=parent.relative_to(output).as_posix() if parent.is_relative_to(output) else parent.name,
        run_id=run.folder.run_id,
        run_folder=str(run.folder.path),
        status=summary.status,
        epoch=summary.epoch,
        step=summary.step,
        metrics=summary.metrics,
        started=_start_of(run.folder.run_id),
        seconds=summary.seconds,
        error=summary.error,
        samples_per_second=summary.samples_per_second,
        best=summary.best,
        parent=summary.parent,
        size_bytes=size,
        checkpoint_bytes=of_checkpoints,
        config=lambda: _config_of(run, say),
    )


def _rows(project: Project, say: Say) -> list[RunRow]:
    output = output_root(project)
    return [row_of(run, output, say) for run in listing.list_runs(output)]


def _config_of(run: Run, say: Say) -> Mapping[str, Any]:
    try:
        return run.parameters() or flatten(run.config)
    except StorageError as error:
        say(f"{error} Its keys count as absent.")
        return {}


def _start_of(run_id: str) -> str:
    try:
        return datetime.strptime(run_id[:START_LENGTH], START_FORMAT).isoformat(sep=" ")
    except ValueError:
        return ""
