"""A sweep: one training for each combination of values, each a process of its own, on a frozen config."""

import math
import secrets
import shlex
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerator.components import Registry
from accelerator.config.compose import compose
from accelerator.config.diagnosis import malformed_overrides
from accelerator.config.multirun import (
    HydraPlace,
    SweepLine,
    check_plugins,
    combinations,
    read_line,
    run_multirun,
    samples,
)
from accelerator.config.project import Project, find_project, search_path
from accelerator.config.sweep_settings import refuse_settings_of_hydra, settings_in_files
from accelerator.errors import EXIT_FAILED, ConfigError, UsageError
from accelerator.experiment.outcome import Say, say_nothing
from accelerator.experiment.secrets_of_jobs import refuse_secrets
from accelerator.experiment.sound_config import sound_config, sound_saved_config
from accelerator.experiment.sweep_folder import (
    FORMAT_VERSION,
    Job,
    SweepFolder,
    find_or_add_job,
    is_complete,
    note_completion,
    open_sweep,
    read_jobs,
    refresh,
)
from accelerator.experiment.sweep_job import JobMaker, freeze_configs, stop_jobs
from accelerator.experiment.sweep_parent import close_parent, open_parent
from accelerator.experiment.sweep_table import table_of, values_of
from accelerator.experiment.sweep_trust import (
    believed_line,
    draws_naming_variables,
    is_of_hydra,
    overrides_for_jobs,
    refuse_damaged,
    refuse_unasked,
    to_repeat,
)
from accelerator.launch.signals import SIGNALS, signals_to
from accelerator.report.sweep_picture import draw_sweep
from accelerator.runs.files import write_json
from accelerator.runs.folder import create_run_folder
from accelerator.runs.lock import RunLock
from accelerator.runs.summary import COMPLETED, FAILED, INTERRUPTED

SWEEPS = "sweeps"
_DIRECTIONS = {"min": "minimize", "max": "maximize"}


@dataclass(frozen=True)
class SweepOutcome:
    """What is to be told when a sweep has ended."""

    folder: Path
    header: tuple[str, ...]
    rows: list[tuple[object, ...]]
    """Sorted by the monitored metric, the best first."""
    failures: list[str]
    picture: Path | None
    resume_command: str | None
    """What runs the jobs that are not complete; None when all are."""
    exit_code: int


def sweep(
    overrides: Sequence[str] = (),
    *,
    resume: str | None = None,
    project: Project | None = None,
    say: Say = say_nothing,
) -> SweepOutcome:
    """Train once for each combination of the values in `overrides`, or go on with the sweep in the folder `resume`.

    Raises:
        InputError: an override, or the config of any combination, has problems; nothing was started.
        RunLockedError: the sweep to resume is running.
    """
    project = project or find_project()
    malformed = list(malformed_overrides(overrides))
    if malformed:
        raise ConfigError(malformed)
    if resume is not None:
        refuse_unasked(overrides)
        folder, content = open_sweep(resume)
        refuse_damaged(folder, content)
        begun = _Begun(folder, content, believed_line(folder, content, overrides), project, tuple(overrides))
        _judge_waiting(begun)
    else:
        overrides = _with_settings_in_files(overrides, project)
        folder, content = _start(overrides, project, say)
        begun = _Begun(folder, content, read_line(overrides), project, tuple(overrides))
    say(f"{_called(len(content['jobs']))} in {folder.path}")
    repeated = to_repeat(overrides) if resume is None else overrides
    return _carry_out(begun, shlex.join(["--resume", str(folder.path), *repeated]), say)


def _called(num_jobs: int) -> str:
    return (
        f"Sweep of {num_jobs} job{'s' if num_jobs > 1 else ''}"
        if num_jobs
        else "Sweep, whose jobs are drawn as it goes,"
    )


@dataclass(frozen=True)
class _Begun:
    """A sweep that has its folder."""

    folder: SweepFolder
    content: dict[str, Any]
    line: SweepLine
    project: Project
    command: tuple[str, ...]
    """The overrides of the command that starts it or goes on with it."""

    @property
    def maker(self) -> JobMaker:
        """Who makes and runs its jobs."""
        return replace(
            _maker(self.folder, self.content, self.line, self.project),
            named=tuple(overrides_for_jobs(self.command)),
            draws=draws_naming_variables(self.command),
        )

    @property
    def place(self) -> HydraPlace:
        """Where Hydra reads and writes."""
        return HydraPlace(self.folder.path / "hydra", search_path(self.project, Registry.discover(self.project.root)))


def _judge_waiting(begun: _Begun) -> None:
    """Refuse at once, not in each job, what a job that has not begun may not have from its frozen config alone."""
    for job in begun.content["jobs"]:
        place = begun.folder.job(job["number"])
        if (place / "config.yaml").exists() and begun.folder.run_of(job["number"]) is None:
            maker = begun.maker
            drawn = [f"++{item.lstrip('+')}" for item in job["overrides"] if item in maker.draws]
            sound_saved_config(place, [*maker.named, *drawn], begun.project)
            return


def _with_settings_in_files(overrides: Sequence[str], project: Project) -> tuple[str, ...]:
    """Return the whole line of a sweep: what its configs vary, the command, their launcher and sweeper."""
    refuse_secrets(overrides)
    line = read_line(overrides)
    refuse_settings_of_hydra(line)
    found = settings_in_files(compose((*line.fixed, *line.hydra), project=project), overrides)
    places = {item.text: item.place for item in found}
    refuse_secrets(tuple(places), places=places)
    first = [item for item in places if not is_of_hydra(item)]
    return (*first, *overrides, *(item for item in places if item not in first))


def _start(overrides: Sequence[str], project: Project, say: Say) -> tuple[SweepFolder, dict[str, Any]]:
    """Check everything, then freeze it; what is wrong leaves no folder."""
    line = read_line(overrides)
    if line.uses_optuna and not line.parameters:
        raise UsageError(
            "accelerator experiment sweep: nothing varies, so Optuna has nothing to draw. Give a key several "
            "values: optimizer.lr=0.1,0.01 or 'optimizer.lr=interval(0.001,0.1)'."
        )
    drawn = samples(line) if line.uses_optuna else combinations(line)
    configs = [sound_config((*line.fixed, *job), project) for job in drawn]
    refuse_secrets((), configs)
    first = configs[0]
    folder = SweepFolder(create_run_folder(project.absolute(str(first.paths.output)), f"{first.name}/{SWEEPS}").path)
    try:
        sources = search_path(project, Registry.discover(project.root))
        check_plugins(line, HydraPlace(folder.path / "hydra", sources))
        content = {
            "format_version": FORMAT_VERSION,
            "overrides": list(overrides),
            "monitor": str(first.checkpoint.monitor),
            "mode": str(first.checkpoint.mode),
            "sampler_seed": secrets.randbelow(2**31),
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "jobs": [],
        }
        content["mlflow_parent"] = open_parent(folder, first, overrides, project, say)
        write_json(folder.state, content)
        freeze_configs(sources, folder)
        if not line.uses_optuna:
            for job, config in zip(drawn, configs, strict=True):
                number, _ = find_or_add_job(folder, job)
                _maker(folder, content, line, project).freeze(config, number)
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return open_sweep(str(folder.path))


def _maker(folder: SweepFolder, content: dict[str, Any], line: SweepLine, project: Project) -> JobMaker:
    return JobMaker(folder.path, project.root, line.fixed, content["monitor"], content.get("mlflow_parent"))


def _carry_out(begun: _Begun, arguments: str, say: Say) -> SweepOutcome:
    folder, content, line = begun.folder, begun.content, begun.line
    stopped: list[int] = []
    with RunLock.acquire(folder.lock), _stopping(folder, stopped):
        if is_complete(folder, content["monitor"]):
            say("There is nothing to do: all jobs are complete")
            return _outcome(begun, stopped, arguments)
        try:
            run_multirun(line, begun.place, _settings(line, content), begun.maker)
        except KeyboardInterrupt:
            _ignore_signals()
            stop_jobs(folder, stopped[0] if stopped else signal.SIGINT)
        except ValueError:  # Optuna, of a study without any trial that was completed: the table says why
            if not line.uses_optuna or any(job.state == COMPLETED for job in refresh(folder, content["monitor"])):
                raise
        outcome = _outcome(begun, stopped, arguments)
        jobs = read_jobs(folder, content["monitor"])
        close_parent(folder, jobs, content, _status_of(jobs, stopped), begun.project, begun.command)
        if outcome.exit_code == 0:
            note_completion(folder)
        return outcome


def _settings(line: SweepLine, content: dict[str, Any]) -> list[str]:
    """Return what Optuna is told besides the command line: a failed job is a failed trial, and a seed.

    The study lives in memory. To resume, it is gone through again: the same draws, given the values of complete jobs.
    """
    if not line.uses_optuna:
        return []
    settings = [f"hydra.sweeper.direction={_DIRECTIONS[content['mode']]}", "hydra.sweeper.max_failure_rate=1.0"]
    if "hydra/sweeper/sampler=grid" not in line.hydra:
        settings.append(f"hydra.sweeper.sampler.seed={content['sampler_seed']}")
    return settings


def _outcome(begun: _Begun, stopped: list[int], arguments: str) -> SweepOutcome:
    folder, content, line = begun.folder, begun.content, begun.line
    jobs = refresh(folder, content["monitor"])
    table = table_of(jobs, line.keys, content["monitor"], content["mode"])
    table.write(folder.path)
    picture = _draw(folder, content, line, jobs)
    is_done = not stopped and all(job.state == COMPLETED for job in jobs)
    command = f"accelerator experiment sweep {arguments}"
    code = 128 + stopped[0] if stopped else 0 if is_done else EXIT_FAILED
    failures = [f"Job {job.number} {job.state}: {job.reason}" for job in jobs if job.reason]
    return SweepOutcome(folder.path, table.header, table.rows, failures, picture, None if is_done else command, code)


def _status_of(jobs: Sequence[Job], stopped: list[int]) -> str:
    if stopped:
        return INTERRUPTED
    return COMPLETED if all(job.state == COMPLETED for job in jobs) else FAILED


def _draw(folder: SweepFolder, content: dict[str, Any], line: SweepLine, jobs: Sequence[Job]) -> Path | None:
    points = [
        (dict(zip(line.keys, values_of(job), strict=True)), job.value)
        for job in jobs
        if job.value is not None and math.isfinite(job.value)
    ]
    if not points or not line.parameters:
        return None
    picture = folder.path / "sweep.png"
    draw_sweep(picture, points, content["monitor"], content["mode"])
    return picture


@contextmanager
def _stopping(folder: SweepFolder, stopped: list[int]) -> Iterator[None]:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt and note which came; outside the main thread they stay."""

    def stop(number: int) -> None:
        stopped.append(number)
        folder.stopping.touch()
        raise KeyboardInterrupt

    folder.stopping.unlink(missing_ok=True)
    with signals_to(stop):
        yield


def _ignore_signals() -> None:
    """Let a second Ctrl-C not break off what saves the jobs."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
