"""One job of a sweep: a fresh `experiment train` process on its frozen config, or on with the run that it left."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from omegaconf import open_dict

from accelerator.components import Registry
from accelerator.config.compose import ComposedConfig, compose, composition_of
from accelerator.config.project import CONFIGS, ConfigSource, Project
from accelerator.config.saved import saved_yaml
from accelerator.errors import in_one_line
from accelerator.experiment.secrets_of_jobs import without_secrets
from accelerator.experiment.sweep_folder import SweepFolder, find_or_add_job, note_failure, objective, refresh
from accelerator.redaction import redact_text
from accelerator.runs.files import write_text
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import is_held
from accelerator.runs.summary import COMPLETED

_POLL_S = 0.1
_LEAVE = """
import os, sys
if os.fork():
    os._exit(0)
with open(sys.argv[1], "w") as file:
    print(os.getpid(), file=file)
os.execv(sys.argv[2], sys.argv[2:])
"""
PARENT_TAG = "mlflow.parentRunId"


@dataclass(frozen=True)
class JobMaker:
    """Makes and runs jobs; it is pickled where a launcher has processes of its own."""

    sweep: Path
    project: Path
    fixed: tuple[str, ...]
    monitor: str
    parent: str | None = None
    """The MLflow run that the jobs' runs are children of."""
    named: tuple[str, ...] = ()
    """Overrides of the command about which a frozen config is not believed: trust, stores, variables."""
    draws: frozenset[str] = frozenset()
    """Overrides like those, one of which may be drawn."""

    def __call__(self, drawn: tuple[str, ...]) -> float | None:
        """Run the job of these overrides unless it is complete; return its objective, None when it failed."""
        folder = SweepFolder(self.sweep)
        if not is_held(folder.lock) or folder.stopping.exists():  # what a sweep left behind starts nothing more
            return None
        number, is_new = find_or_add_job(folder, drawn)
        try:
            if is_new:
                registry = Registry.discover(self.project)
                config = compose((*self.fixed, *drawn), project=Project(folder.frozen), registry=registry)
                self.freeze(config, number)
            named = [f"++{item.lstrip('+')}" for item in drawn if item in self.draws]
            return run_job(folder, number, (*self.named, *named), self.project, self.monitor)
        except Exception as error:  # the border to a job: it fails alone, and the sweep goes on
            note_failure(folder, number, redact_text(in_one_line(error)))
            return None

    def freeze(self, config: ComposedConfig, number: int) -> None:
        """Write the config of a job, in the form of a run's; its run folder lies below the job's own."""
        folder = RunFolder(SweepFolder(self.sweep).job(number))
        composition = composition_of(config)
        assert composition is not None
        with open_dict(config):
            config.paths.output = str(folder.path / "run")
            if self.parent is not None:
                config.tags[PARENT_TAG] = self.parent
        folder.path.mkdir(parents=True, exist_ok=True)
        write_text(folder.provenance, composition.provenance.to_json())
        write_text(folder.overrides, yaml.safe_dump([redact_text(item) for item in composition.overrides]))
        write_text(folder.config, saved_yaml(config))  # last: with it the job is whole


def freeze_configs(sources: Sequence[ConfigSource], folder: SweepFolder) -> None:
    """Copy all configs of the search path to one folder, without secrets; the first of a name wins there too."""
    for source in reversed(sources):
        shutil.copytree(source.path, folder.frozen / CONFIGS, dirs_exist_ok=True, copy_function=_copy_without_secrets)


def _copy_without_secrets(source: str, destination: str) -> None:
    if not source.endswith(".yaml"):  # Hydra reads no other
        return
    text = Path(source).read_text(encoding="utf-8", errors="replace")
    Path(destination).write_text(without_secrets(text), encoding="utf-8")


def run_job(folder: SweepFolder, number: int, named: Sequence[str], project: Path, monitor: str) -> float | None:
    """Train a job to its end in a process of its own; None when it failed.

    `named` are the overrides of the sweep's command about which the job's saved config is not believed.

    The lock's file is handed on to that process: when the sweep is killed, the job still holds it, and a resumed sweep
    waits for it instead of doing it twice.
    """
    place = folder.job(number)
    with (place / ".job.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = folder.run_of(number)
        if run is None or run.status != COMPLETED:
            what = ["train", "--config", str(place)] if run is None else ["resume", str(run.folder.path)]
            _run_process([*what, *named, "--project", str(project)], place, lock.fileno())
            refresh(folder, monitor)
            run = folder.run_of(number)
    if run is None:
        last = (place / "output.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        note_failure(folder, number, last[-1] if last else "the process ended without a word")
        return None
    return objective(run.summary, monitor) if run.status == COMPLETED else None


def stop_jobs(folder: SweepFolder, number: int) -> None:
    """Send a signal to every job's process, once, and return when all have saved and ended."""
    told: set[int] = set()
    while True:
        held = [lock.parent for lock in folder.path.glob("jobs/*/.job.lock") if _is_locked(lock)]
        if not held:
            break
        for pid in _pids(held):
            if pid not in told:
                told.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        time.sleep(_POLL_S)
    for pid_file in folder.path.glob("jobs/*/pid"):
        pid_file.unlink()


def _is_locked(path: Path) -> bool:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _run_process(arguments: Sequence[str], place: Path, lock: int) -> None:
    """Run a command of ours to its end, in a session of its own, so that Ctrl-C reaches it once: from the sweep.

    It is nobody's child: a launcher that stops kills its processes and theirs, and a job is to be saved. It writes its
    id down itself before it begins, so that the sweep can reach it also when this process dies first.
    """
    command = [sys.executable, "-I", "-S", "-c", _LEAVE, str(place / "pid")]
    command += [sys.executable, "-m", "accelerator", "experiment", *arguments]
    ended, held = os.pipe()  # the job holds the other end until it has ended
    with (place / "output.txt").open("ab") as output, open(ended, "rb") as end:
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[lock, held],
                check=True,
            )
        finally:
            os.close(held)
        end.read()
    (place / "pid").unlink(missing_ok=True)


def _pids(jobs: Iterable[Path]) -> Iterator[int]:
    for job in jobs:
        with suppress(OSError, ValueError):
            yield int((job / "pid").read_text(encoding="ascii"))
