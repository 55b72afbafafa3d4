"""The jobs of a sweep as a table: the best first, what failed last."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelerator.experiment.sweep_folder import Job
from accelerator.runs.files import write_json, write_text


@dataclass(frozen=True)
class SweepTable:
    """One row a job: its number and state, the value of each parameter, the metric, the run folder."""

    header: tuple[str, ...]
    rows: list[tuple[object, ...]]

    def write(self, folder: Path) -> None:
        """Write `results.csv` and `results.json`.

        Raises:
            StorageError: the disk refuses.
        """
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.header, *self.rows])
        write_text(folder / "results.csv", text.getvalue())
        write_json(folder / "results.json", [dict(zip(self.header, row, strict=True)) for row in self.rows])


def table_of(jobs: Sequence[Job], keys: Sequence[str], monitor: str, mode: str) -> SweepTable:
    """Return the table; `mode` (`min`, `max`) says which value of the metric is the best."""
    header = ("job", "state", *keys, monitor, "run")
    return SweepTable(header, [_row(job) for job in sorted(jobs, key=lambda job: _rank(job, mode))])


def values_of(job: Job) -> tuple[str, ...]:
    """Return what a job has for each parameter, as text."""
    return tuple(item.partition("=")[2] for item in job.overrides)


def _row(job: Job) -> tuple[object, ...]:
    return (job.number, job.state, *values_of(job), job.value, job.run_folder)


def _rank(job: Job, mode: str) -> tuple[bool, float, int]:
    if job.value is None or job.value != job.value:
        return True, 0.0, job.number
    return False, job.value if mode == "min" else -job.value, job.number
