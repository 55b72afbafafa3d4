"""The folder of a sweep: frozen configs, the jobs and how each stands.

`sweep.json` is written whole, under a lock, by whichever process has changed something: a launcher may run jobs in
processes of its own. How a job stands is read from its run folder, which is the truth also after a kill.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accelerator.errors import RunNotFoundError
from accelerator.runs.files import read_json, write_json
from accelerator.runs.listing import list_runs
from accelerator.runs.run import Run
from accelerator.runs.summary import COMPLETED, Summary

FORMAT_VERSION = 1
WAITING = "waiting"


@dataclass(frozen=True)
class Job:
    """One job of a sweep, as `sweep.json` and the table have it."""

    number: int
    overrides: tuple[str, ...]
    """What was drawn for it."""
    state: str = WAITING
    """`waiting`, or the status of its run."""
    value: float | None = None
    """The best value of the monitored metric."""
    run_folder: str | None = None
    reason: str | None = None
    """Why it failed."""


@dataclass(frozen=True)
class SweepFolder:
    """The layout of a sweep's folder."""

    path: Path

    @property
    def state(self) -> Path:
        """What the sweep is and how each job stands."""
        return self.path / "sweep.json"

    @property
    def lock(self) -> Path:
        """Held by the sweep's process."""
        return self.path / "sweep.lock"

    @property
    def stopping(self) -> Path:
        """There from the moment at which a sweep is asked to stop: no job is begun any more."""
        return self.path / ".stopping"

    @property
    def frozen(self) -> Path:
        """A root whose `configs/` are all configs as they were when the sweep started."""
        return self.path / "frozen"

    def job(self, number: int) -> Path:
        """Return the folder of one job: its frozen config, its output, its run folder below `run/`."""
        return self.path / "jobs" / str(number)

    def run_of(self, number: int) -> Run | None:
        """Return the run of a job, None before it has begun."""
        runs = list_runs(self.job(number) / "run")
        return runs[0] if runs else None


def open_sweep(path: str) -> tuple[SweepFolder, dict[str, Any]]:
    """Return the sweep in a folder, and what its `sweep.json` holds.

    Raises:
        RunNotFoundError: there is no sweep.
        StorageError: the file is damaged.
    """
    folder = SweepFolder(Path(path).expanduser().absolute())
    if not folder.state.is_file():
        raise RunNotFoundError(
            f"--resume {path}: is no sweep's folder: it has no sweep.json. A sweep prints its folder when it starts; "
            f"they lie in <output>/<name>/sweeps/."
        )
    return folder, read_json(folder.state)


def read_jobs(folder: SweepFolder, monitor: str) -> list[Job]:
    """Return all jobs as they stand at this moment."""
    return [_as_it_stands(folder, item, monitor) for item in _stored(folder)]


def find_or_add_job(folder: SweepFolder, overrides: Sequence[str]) -> tuple[int, bool]:
    """Return the number of the job with these overrides, and whether it is new."""
    with _locked(folder):
        content = read_json(folder.state)
        for item in content["jobs"]:
            if item["overrides"] == list(overrides):
                return item["number"], False
        number = len(content["jobs"])
        content["jobs"].append(asdict(Job(number, tuple(overrides))))
        write_json(folder.state, content)
        return number, True


def refresh(folder: SweepFolder, monitor: str) -> list[Job]:
    """Bring `sweep.json` up to date with the run folders; return the jobs."""
    with _locked(folder):
        content = read_json(folder.state)
        jobs = [_as_it_stands(folder, item, monitor) for item in content["jobs"]]
        write_json(folder.state, {**content, "jobs": [asdict(job) for job in jobs]})
        return jobs


def objective(summary: Summary, monitor: str) -> float | None:
    """Return the best value of the monitored metric; the last one of a run that had no checkpoint with it."""
    if summary.best is not None:
        return summary.best["value"]
    return summary.metrics.get(monitor)


def _as_it_stands(folder: SweepFolder, item: dict[str, Any], monitor: str) -> Job:
    number, overrides = item["number"], tuple(item["overrides"])
    run = folder.run_of(number)
    if run is None:
        return Job(number, overrides, item["state"], reason=item["reason"])
    summary = run.summary
    value = objective(summary, monitor) if summary.status == COMPLETED else None
    return Job(number, overrides, summary.status, value, str(run.folder.path), summary.error)


def note_failure(folder: SweepFolder, number: int, reason: str) -> None:
    """Note why a job failed that has no run folder to say so."""
    with _locked(folder):
        content = read_json(folder.state)
        content["jobs"][number].update(state="failed", reason=reason)
        write_json(folder.state, content)


def note_completion(folder: SweepFolder) -> None:
    """Note that nothing is left to do: a sweeper that draws as it goes has drawn its last."""
    with _locked(folder):
        write_json(folder.state, {**read_json(folder.state), "complete": True})


def is_complete(folder: SweepFolder, monitor: str) -> bool:
    """Tell whether a sweep came to its end, and the runs of all its jobs are still there."""
    if not read_json(folder.state).get("complete"):
        return False
    return all(job.state == COMPLETED and job.run_folder for job in read_jobs(folder, monitor))


def _stored(folder: SweepFolder) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(folder.state)["jobs"]
    return found


@contextmanager
def _locked(folder: SweepFolder) -> Iterator[None]:
    with (folder.path / ".state.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
