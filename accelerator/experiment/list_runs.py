"""The runs of a project as rows of a table."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from accelerator.config.project import Project, find_project
from accelerator.errors import StorageError
from accelerator.experiment.named_run import output_root
from accelerator.runs import listing
from accelerator.runs.files import json_ready
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary

UNREADABLE = "unreadable"
METRICS_SHOWN = 3
START_FORMAT = "%Y%m%d-%H%M%S"
START_LENGTH = len("20261123-101500")


@dataclass(frozen=True)
class RunRow:
    """One run as a row of a table."""

    name: str
    """The run's name in the config: the folders between the output root and the run folder."""
    run_id: str
    run_folder: str
    status: str
    """That of the summary, or `unreadable` when the summary is damaged; `error` then says how."""
    epoch: int
    step: int
    metrics: dict[str, float]
    started: str
    """Local time, `2026-11-23 10:15:00`; "" for a folder that was renamed."""
    seconds: float
    error: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        values: dict[str, Any] = json_ready(asdict(self))
        return values

    @property
    def main_metrics(self) -> dict[str, float]:
        """The few metrics to look at first: of the test, else of the validation, else of the training."""
        for split in ("test", "validation", "train"):
            found = {name: value for name, value in self.metrics.items() if _is_main(name, split)}
            if found:
                return dict(list(found.items())[:METRICS_SHOWN])
        return {}


def list_runs(project: Project | None = None) -> list[RunRow]:
    """Return the runs under the output root of the project, oldest first.

    Raises:
        ConfigError: the project's `main` does not compose, so that its output root is not known.
    """
    output = output_root(project or find_project())
    return [_row_of(run, output) for run in listing.list_runs(output)]


def _row_of(run: Run, output: Path) -> RunRow:
    try:
        summary = run.summary
    except StorageError as error:  # one damaged run must not hide the others
        summary = Summary(status=UNREADABLE, error=str(error))
    return RunRow(
        name=run.folder.path.parent.relative_to(output).as_posix(),
        run_id=run.folder.run_id,
        run_folder=str(run.folder.path),
        status=summary.status,
        epoch=summary.epoch,
        step=summary.step,
        metrics=summary.metrics,
        started=_start_of(run.folder.run_id),
        seconds=summary.seconds,
        error=summary.error,
    )


def _start_of(run_id: str) -> str:
    try:
        return datetime.strptime(run_id[:START_LENGTH], START_FORMAT).isoformat(sep=" ")
    except ValueError:
        return ""


def _is_main(metric: str, split: str) -> bool:
    return metric.startswith(f"{split}/") and not metric.startswith(f"{split}/loss_")
