"""The pipeline as a run of its own, carried to the tracker by a forwarder that outlives this process.

MLflow is never waited for: what is told here is a line in a file. The forwarder is started with the first step that
runs, or at the end when none did.
"""

import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerator.config.project import Project
from accelerator.config.saved import yaml_of
from accelerator.errors import AcceleratorError
from accelerator.experiment.group_run import open_group_run, points, tags
from accelerator.experiment.outcome import Say
from accelerator.pipeline.pipeline_folder import pipeline_folders
from accelerator.pipeline.plan_pipeline import Planned
from accelerator.pipeline.state import COMPLETED, LOCK_FILE, RAN, RUNNING, STATE_FILE, WAITING, PipelineState, StepState
from accelerator.pipeline.step_part import as_done, part_of_step
from accelerator.pipeline.write_page import PAGE, page_for_tracker
from accelerator.redaction import redact_text
from accelerator.runs import delivery
from accelerator.runs.delivery import start_forwarder
from accelerator.runs.family import has_run, run_of_folder
from accelerator.runs.files import write_text
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import ARTIFACT, PART, JournalWriter, read_journal
from accelerator.runs.links import refuse_links
from accelerator.runs.lock import RunLock, is_held
from accelerator.runs.summary import Summary, write_summary

_MOST_LOOKED_AT = 4


@dataclass
class TrackedPipeline:
    """The run of one pipeline, while its command runs. Told of changes one at a time.

    What hinders it is said once, and hinders the pipeline in nothing.
    """

    run: RunFolder
    project: Project
    makes_run: Mapping[str, bool]
    """For each step, whether it makes a run of its own."""
    say: Say
    _lock: RunLock
    _journal: JournalWriter
    _known: dict[str, str]
    """The state of each step that the tracker is told of."""
    _forwarder: int | None = field(default=None, init=False)
    _is_lost: bool = field(default=False, init=False)

    def tell(self, state: PipelineState, step: StepState) -> None:
        """Write down a step that has changed."""
        self._try(lambda: self._tell(state, step))

    def end(self, state: PipelineState) -> None:
        """Write down how the pipeline ended, and see that somebody carries it."""
        self._try(lambda: self._end(state))

    def release(self) -> None:
        """Let go of the run; one that was not ended counts as died."""
        self._lock.release()

    def _try(self, write: Callable[[], None]) -> None:
        if self._is_lost:
            return
        try:
            write()
        except (AcceleratorError, OSError) as error:
            self._is_lost = True
            self.say(f"The pipeline is not tracked any more: {error}")

    def _tell(self, state: PipelineState, step: StepState) -> None:
        now = as_done(state, step).state
        if now == WAITING or (now == self._known.get(step.name) == RAN):
            return
        self._known[step.name] = now
        self._journal.append([part_of_step(state, step.name, self.makes_run[step.name]).to_record()])
        if now == RUNNING and self._forwarder is None:
            self._forwarder = start_forwarder(self.run, self.project.root)

    def _end(self, state: PipelineState) -> None:
        counts = {item.state: 0.0 for item in state.steps}
        for item in state.steps:
            counts[item.state] += 1
        metrics = {**{f"steps/{name}": count for name, count in counts.items()}, "seconds": state.seconds}
        shutil.copyfile(state.folder / STATE_FILE, self.run.path / STATE_FILE)
        write_text(self.run.path / PAGE, page_for_tracker(state))
        kept = {"kind": ARTIFACT, "name": STATE_FILE, "path": STATE_FILE, "time": time.time()}
        self._journal.append([*points(metrics), *tags({"note": _table(state)}), kept])
        self._journal.close()
        write_summary(self.run, Summary(state.status, metrics=metrics, seconds=state.seconds, error=_error(state)))
        if not _is_running(self._forwarder):
            start_forwarder(self.run, self.project.root)


@contextmanager
def tracked(planned: Planned, state: PipelineState, project: Project, say: Say) -> Iterator[list[TrackedPipeline]]:
    """Begin the run of a pipeline, or take up the one that an earlier command left unfinished; let go of it at the end.

    Gives nothing where the pipeline is not tracked, or its run cannot be written: a sentence says so then.
    """
    if planned.tracking is None:
        yield []
        return
    try:
        run = _begin(planned, planned.tracking, state, project, say)
    except AcceleratorError as error:
        say(f"The pipeline is not tracked: {error}")
        yield []
        return
    try:
        yield [run]
    finally:
        run.release()


def carry_what_was_left(output: Path, name: str, project: Project) -> None:
    """See that the newest pipelines of a name that have ended are in the tracker; nothing is waited for."""
    for folder in list(pipeline_folders(output, name))[:_MOST_LOOKED_AT]:
        if has_run(folder) and not is_held(folder / LOCK_FILE):
            with suppress(AcceleratorError):  # what hinders it is told by `experiment sync`
                refuse_links(run_of_folder(folder))
                delivery.carry_what_was_left(run_of_folder(folder), project.root)


def _begin(
    planned: Planned, tracking: Mapping[str, Any], state: PipelineState, project: Project, say: Say
) -> TrackedPipeline:
    run = run_of_folder(state.folder)
    lock = open_group_run(run, yaml_of({"name": state.name, "tracking": dict(tracking)}), project)
    try:
        told = [record for record in read_journal(run.journal) if record.get("kind") == PART]
        journal = JournalWriter(run.journal)
        values = {
            "accelerator.pipeline": state.name,
            "accelerator.pipeline_folder": str(state.folder),
            "overrides": shlex.join(map(redact_text, state.overrides)),
            "command": state.command,
        }
        journal.append(tags({name: value for name, value in values.items() if value}))
    except BaseException:
        lock.release()
        raise
    known = {str(record.get("name")): str(record.get("state")) for record in told}
    makes_run = {step.name: step.makes_run for step in planned.planner.steps}
    return TrackedPipeline(run, project, makes_run, say, lock, journal, known)


def _is_running(pid: int | None) -> bool:
    """Tell whether a child of ours runs on."""
    return pid is not None and os.waitpid(pid, os.WNOHANG)[0] == 0


def _table(state: PipelineState) -> str:
    """Return the steps as a table that MLflow shows as the run's description."""
    lines = ["| step | state | seconds | why |", "| --- | --- | --- | --- |"]
    for step in state.steps:
        seconds = "" if step.seconds is None else f"{step.seconds:.1f}"
        why = step.reason.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {step.name} | {step.state} | {seconds} | {why} |")
    return "\n".join(lines)


def _error(state: PipelineState) -> str | None:
    if state.status == COMPLETED:
        return None
    reasons = [f"{step.name}: {step.reason}" for step in state.steps if step.state not in ("ran", "skipped")]
    return reasons[0] if reasons else None
