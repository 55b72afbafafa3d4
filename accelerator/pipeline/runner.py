"""Runs the steps of a pipeline: each as soon as what it needs is there, as many at once as the pipeline allows."""

import queue
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from accelerator.errors import AcceleratorError
from accelerator.pipeline.board import Board, now
from accelerator.pipeline.cache import StepLock, StepRecord
from accelerator.pipeline.inputs import Inputs
from accelerator.pipeline.pipeline_folder import new_step_folder
from accelerator.pipeline.planner import LEAVE, RESUME, SKIP, Decision, Planner
from accelerator.pipeline.prepare import PreparedStep
from accelerator.pipeline.state import (
    COMPLETED,
    FAILED,
    INTERRUPTED,
    RAN,
    RUNNING,
    SKIPPED,
    WAITING,
    PipelineState,
    Source,
)
from accelerator.pipeline.step_folder import StepFolder
from accelerator.pipeline.step_run import StepEnd, StepRunner
from accelerator.redaction import redact
from accelerator.runs.files import unusable

_POLL_S = 0.5


@dataclass
class Runner:
    """Carries out a pipeline.

    A step is decided about in the thread that calls `run`, and again, under its lock, in the one that runs it.
    """

    planner: Planner
    steps: StepRunner
    board: Board
    folder: Path
    parallel: int
    _ended: "queue.Queue[tuple[Decision, StepEnd | BaseException]]" = field(default_factory=queue.Queue)
    _failed: set[str] = field(default_factory=set)

    def run(self) -> PipelineState:
        """Run what is to be run, and return how the pipeline ended; what fails ends only what needs it."""
        waiting = list(self.planner.steps)
        running = 0
        while waiting or running:
            for step in self._ready(waiting):
                if running >= self.parallel or self.steps.processes.is_stopping:
                    break
                waiting.remove(step)
                running += self._begin(step)
            if running:
                running -= self._take_one()
            elif self.steps.processes.is_stopping or not self._ready(waiting):
                break
        self._tell_waiting(waiting)
        return self.board.end(self._status())

    def _ready(self, waiting: list[PreparedStep]) -> list[PreparedStep]:
        """Return the steps whose needs are there, in order; one that is left out with nobody asking counts too."""
        known = self.planner.known
        chosen = self.planner.selection.chosen([step.config for step in self.planner.steps])
        return [step for step in waiting if step.name not in chosen or all(name in known for name in step.config.needs)]

    def _begin(self, step: PreparedStep) -> int:
        """Decide about a step, and start it if it is to be run; return how many were started."""
        try:
            decision = self.planner.decide(step)
        except (AcceleratorError, OSError) as error:
            self._fail(step.name, _told(error))
            return 0
        self._note(decision)
        if decision.action in (SKIP, LEAVE):
            return 0
        threading.Thread(target=self._carry_out, args=(decision,), daemon=True).start()
        return 1

    def _note(self, decision: Decision) -> None:
        """Write down what was decided."""
        name, record = decision.name, decision.record
        values = {"reason": decision.reason, "inputs": _sources(decision.inputs)}
        if decision.fingerprint is not None:
            values["fingerprint"] = decision.fingerprint.hash
        if record is not None:
            self._skip(name, record, **values)
        elif decision.action == LEAVE:
            self.board.change(name, state=WAITING, **values)

    def _skip(self, name: str, record: StepRecord, **values: object) -> None:
        self.planner.known[name] = record.outputs
        if values.get("fingerprint") == record.fingerprint.hash:
            self.planner.cache.note_last(record, self.planner.pipeline, name)
        self.board.change(
            name,
            state=SKIPPED,
            run_folder=record.run_folder,
            skipped_from=record.pipeline_folder,
            skipped_step=record.step,
            outputs=record.outputs,
            **values,
        )

    def _carry_out(self, decision: Decision) -> None:
        """Run one step in a thread of its own; whatever ends it is handed back."""
        try:
            self._ended.put((decision, self._run_locked(decision)))
        except BaseException as error:  # the border of the thread: nothing may be lost with it
            self._ended.put((decision, error))

    def _run_locked(self, decision: Decision) -> StepEnd:
        """Run a step under the lock of its fingerprint, about which is decided anew when it is held."""
        began = time.monotonic()
        while True:
            lock = self._locked(decision)
            if lock is None:
                self.board.change(decision.name, state=INTERRUPTED, reason="it was interrupted before it began")
                return StepEnd(is_interrupted=True)
            try:
                before = decision.fingerprint
                decision = self.planner.decide(decision.step)  # another pipeline may have done it meanwhile
                if decision.fingerprint == before:  # else an input has changed: another lock is needed
                    return self._run_held(decision, lock, began)
            finally:
                lock.release()

    def _locked(self, decision: Decision) -> StepLock | None:
        """Return the lock of a step, held; None: it was stopped before."""
        assert decision.fingerprint is not None
        lock, processes, name = self.planner.cache.lock(decision.fingerprint.hash), self.steps.processes, decision.name
        told = f"{decision.reason}; it waits for another pipeline that runs the same step"
        is_held = lock.acquire(
            lambda: processes.is_stopping, lambda: self.board.change(name, state=RUNNING, reason=told, started=now())
        )
        return lock if is_held else None

    def _run_held(self, decision: Decision, lock: StepLock, began: float) -> StepEnd:
        """Run a step whose lock is held, unless it is done by now."""
        if decision.record is not None:
            self._note(decision)
            return StepEnd(decision.record.outputs)
        folder = self._step_folder(decision)
        self.board.change(
            decision.name,
            state=RUNNING,
            reason=decision.reason,
            folder=str(folder.path),
            fingerprint=decision.fingerprint.hash if decision.fingerprint else None,
            inputs=_sources(decision.inputs),
            started=now(),
        )
        end = self.steps.run(decision, folder, lock)
        seconds = round(time.monotonic() - began, 3)
        if end.outputs is not None:
            self._store(decision, end, seconds)
        self._note_end(decision.name, end, seconds)
        return end

    def _step_folder(self, decision: Decision) -> StepFolder:
        """Return the folder to run a step in: the one that it was begun in, or a new one."""
        if decision.action == RESUME and decision.begun is not None:
            folder = StepFolder(decision.begun)
            self.steps.write_down(decision, folder)
            return folder
        assert decision.fingerprint is not None
        folder = new_step_folder(self.folder, decision.name)
        self.steps.write_down(decision, folder)
        self.planner.cache.begin(decision.fingerprint.hash, folder.path)
        return folder

    def _store(self, decision: Decision, end: StepEnd, seconds: float) -> None:
        assert decision.fingerprint is not None and end.outputs is not None
        self.planner.cache.store(
            StepRecord(
                fingerprint=decision.fingerprint,
                pipeline=self.planner.pipeline,
                step=decision.name,
                pipeline_folder=str(self.folder),
                run_folder=end.run_folder,
                outputs=end.outputs,
                seconds=seconds,
                finished=now(),
            )
        )
        self.planner.cache.hashes.save()

    def _note_end(self, name: str, end: StepEnd, seconds: float) -> None:
        state = RAN if end.outputs is not None else INTERRUPTED if end.is_interrupted else FAILED
        values = {"reason": end.reason} if end.reason else {}
        self.board.change(
            name,
            state=state,
            outputs=end.outputs or {},
            attempts=end.attempts,
            seconds=seconds,
            run_folder=end.run_folder,
            **values,
        )

    def _take_one(self) -> int:
        """Wait for a step's end; return how many ended. It looks up now and then, so that signals are heard."""
        try:
            decision, end = self._ended.get(timeout=_POLL_S)
        except queue.Empty:
            return 0
        if isinstance(end, BaseException):
            if not isinstance(end, AcceleratorError | OSError):
                raise end
            self._fail(decision.name, _told(end))
        elif end.outputs is not None:
            self.planner.known[decision.name] = end.outputs
        else:
            self._failed.add(decision.name)
        return 1

    def _fail(self, name: str, reason: str) -> None:
        self._failed.add(name)
        self.board.change(name, state=FAILED, reason=reason)

    def _tell_waiting(self, waiting: list[PreparedStep]) -> None:
        for step in waiting:
            states = {name: self.board.state.step(name).state for name in step.config.needs}
            blocked = [name for name, state in states.items() if state not in (RAN, SKIPPED)]
            ends = "its end" if len(blocked) == 1 else "their ends"
            reason = f"{' and '.join(blocked)} did not come to {ends}" if blocked else "it was not begun any more"
            self.board.change(step.name, state=WAITING, reason=reason)

    def _status(self) -> str:
        states = {step.state for step in self.board.state.steps}
        if self.steps.processes.is_stopping or INTERRUPTED in states:
            return INTERRUPTED
        return FAILED if FAILED in states or self._failed else COMPLETED


def _told(error: AcceleratorError | OSError) -> str:
    told = unusable(error) if isinstance(error, OSError) else None
    return str(told or error)


def _sources(inputs: Inputs | None) -> tuple[Source, ...]:
    return () if inputs is None else tuple(replace(item, value=redact(item.value, item.key)) for item in inputs.sources)
