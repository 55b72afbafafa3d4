"""Carries one run's journal to its sink, and writes the run's true end.

The training process may end at any moment, and so may this one: what was done stands in `tracking.json`. After the
run's end the forwarder is the writer of `summary.json`.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accelerator.errors import AcceleratorError, RunLockedError
from accelerator.redaction import redact_text
from accelerator.runs.delivery import MANY_FAILURES, address_of
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import PART
from accelerator.runs.lock import FORWARDER, RunLock, is_held
from accelerator.runs.progress import Progress, Tracking, read_tracking, write_tracking
from accelerator.runs.summary import DIED, read_summary, write_summary
from accelerator.runs.tail import Batch, JournalTail
from accelerator.tracking.sink import FamilySink, GuardingSink, Sink
from accelerator.tracking.system_sampler import SystemSampler

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How often the forwarder looks, and how long it tries. All in seconds."""

    poll_s: float = 0.4
    head_start_s: float = 1.0
    """The first moments of a run belong to training: loading a tracker takes seconds of a core."""
    longest_pause_s: float = 10.0
    longest_pause_after_end_s: float = 2.0
    patience_after_end_s: float = 60.0
    """How long it goes on failing after the run's end, before it leaves the rest to `sync`."""


class Forwarder:
    """The forwarder of one run. Only one at a time: it is used under the run's forwarder lock.

    | attribute | type | holds |
    |---|---|---|
    | tracking | Tracking | what stands in tracking.json |
    """

    def __init__(
        self,
        folder: RunFolder,
        open_sink: Callable[[Tracking], tuple[Sink, str, Mapping[str, str]]],
        sampler: SystemSampler | None = None,
    ) -> None:
        """
        Args:
            folder: the run.
            open_sink: builds and opens the sink; gives it, its name and where the run is.
            sampler: samples the machine's load while the run goes on.
        """
        self.tracking = read_tracking(folder) or Tracking()
        self._folder = folder
        self._open_sink = open_sink
        self._sampler = sampler
        self._sink: Sink | None = None
        self._tail = JournalTail(folder.journal)
        self._stop = threading.Event()
        self._told_of_death = False
        self._traced: set[tuple[str, ...]] = set()

    def stop(self) -> None:
        """Ask the forwarder to end after the batch that it is at; what is left stays in the journal."""
        self._stop.set()

    def run(self, pace: Pace, *, is_single_try: bool = False) -> None:
        """Carry until all has arrived and the run has ended, or until trying longer makes no sense.

        With `is_single_try` it carries what is there now, and gives up after a few failures.
        """
        try:
            self._run(pace, is_single_try=is_single_try)
        finally:
            self._sample(is_running=False)

    def _run(self, pace: Pace, *, is_single_try: bool) -> None:
        started = time.monotonic()
        ended: float | None = None
        while not self._stop.is_set():
            has_ended = not is_held(self._folder.lock)  # before reading on: what is logged later is not missed
            ended = (ended or time.monotonic()) if has_ended else None
            self._sample(is_running=not has_ended)
            is_early = not has_ended and time.monotonic() - started < pace.head_start_s
            if is_early and not is_single_try:
                self._stop.wait(pace.poll_s)
                continue
            has_worked = self._try_to_carry(has_ended)
            if has_worked and (has_ended or is_single_try):
                return
            if is_single_try and self.tracking.failures >= MANY_FAILURES:
                return
            if self.tracking.failures and ended is not None and time.monotonic() - ended > pace.patience_after_end_s:
                return
            self._pause(has_ended, pace)

    def _sample(self, *, is_running: bool) -> None:
        """See that samples are taken while the run goes on, and that the last one stands in the journal after it."""
        if self._sampler is not None:
            (self._sampler.start if is_running else self._sampler.stop)()

    def _try_to_carry(self, has_ended: bool) -> bool:
        """Carry all that is there; return whether that worked."""
        try:
            if has_ended:
                self._settle_summary()
            self._carry()
            if has_ended and not self._finish():
                return False
            if self.tracking.failures or self.tracking.error:
                self._save(error=None, failures=0)
            return True
        except Exception as error:  # the border to a sink: whatever it raises, say it and try again
            _log.warning("%s%s", _text(error), self._traceback(error))
            self._sink = None
            self._save(error=_text(error), failed_at=time.time(), failures=self.tracking.failures + 1)
            return False

    def _carry(self) -> None:
        if self.tracking.finished is not None and is_held(self._folder.lock):
            self._save(finished=None)  # resumed
        sink = self._opened_sink()
        if self.tracking.pending is not None:
            self._send(sink, self._tail.read_again(self.tracking.progress, self.tracking.pending))
        while not self._stop.is_set():
            batch = self._tail.next_batch(self.tracking.progress)
            if batch is None:
                return
            self._save(pending=batch.extent)
            self._send(sink, batch)

    def _send(self, sink: Sink, batch: Batch) -> None:
        parts = [record for record in batch.records if record["kind"] == PART]
        others = [record for record in batch.records if record["kind"] != PART]
        refused = (sink.send(others) or 0) if others else 0
        if parts and isinstance(sink, FamilySink):
            refused += sink.send_parts(parts) or 0
        self._save(
            progress=batch.progress,
            pending=None,
            sent=self.tracking.sent + len(batch.records) - refused,
            refused=self.tracking.refused + refused,
        )

    def _opened_sink(self) -> Sink:
        if self._sink is None:
            sink, name, target = self._open_sink(self.tracking)
            known = self.tracking.target.get("run_id")
            if (self.tracking.sink or name) != name or (known or target.get("run_id")) != target.get("run_id"):
                # Another sink, or a store that has lost the run: it has nothing yet.
                self._save(progress=Progress(), pending=None, sent=0, refused=0)
            self._save(sink=name, target=dict(target))
            self._sink = sink
        return self._sink

    def _finish(self) -> bool:
        """Write the run's end; return False when the run goes on after all, or something came late."""
        status = self._settle_summary()
        if status is None or self._tail.next_batch(self.tracking.progress) is not None:
            return False
        sink = self._opened_sink()
        sink.close(status)
        self._sink = None
        self._save(finished=status, pending=None)
        if isinstance(sink, GuardingSink):
            self._guard(sink, status)
        return True

    def _guard(self, sink: GuardingSink, status: str) -> None:
        """Let the sink see that the end which has arrived stays; a store that fails now has taken all it had to.

        Where it is left before, the end counts as not sent: the next one, or `sync`, writes it again.
        """
        try:
            if not sink.guard(status, lambda seconds: self._stop.wait(seconds) or is_held(self._folder.lock)):
                self._save(finished=None)
        except Exception as error:  # the border to a sink
            _log.warning("The run's end is not watched: %s", _text(error))

    def _settle_summary(self) -> str | None:
        """Make the ended run's summary say how it ended and where MLflow has it; None when the run was resumed."""
        try:
            with RunLock.acquire(self._folder.lock, role=FORWARDER):
                summary = read_summary(self._folder)
                true = replace(summary, mlflow=address_of(self.tracking) or summary.mlflow)
                if true != summary or (summary.status == DIED and self._told_of_death is False):
                    write_summary(self._folder, true)
                    self._told_of_death = summary.status == DIED
                return true.status
        except RunLockedError:
            return None

    def _traceback(self, error: Exception) -> str:
        """Return what to say besides of an error that is not ours: where it came from, the first time."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        origin = (type(error).__name__, place.filename, str(place.lineno))
        if isinstance(error, AcceleratorError) or origin in self._traced:
            return ""
        self._traced.add(origin)
        return "\n" + redact_text("".join(traceback.format_exception(error)).rstrip())

    def _pause(self, has_ended: bool, pace: Pace) -> None:
        """Wait: one poll when all is well, longer with each failure; the run's end is noticed at once."""
        longest = pace.longest_pause_after_end_s if has_ended else pace.longest_pause_s
        failures = self.tracking.failures
        rest = min(pace.poll_s * 2 ** min(failures, 10), longest) if failures else pace.poll_s
        while rest > 0 and not self._stop.wait(min(rest, pace.poll_s)):
            rest -= pace.poll_s
            if not has_ended and not is_held(self._folder.lock):
                return

    def _save(self, **changes: Any) -> None:
        self.tracking = replace(self.tracking, **changes)
        write_tracking(self._folder, self.tracking)


def _text(error: Exception) -> str:
    text = " ".join(str(error).split())
    name = "" if isinstance(error, AcceleratorError) else f"{type(error).__name__}: "
    return redact_text(f"{name}{text}")[:500]
