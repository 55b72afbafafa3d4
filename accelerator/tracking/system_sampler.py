"""Samples of the machine's load while a run goes on, taken by a thread of its forwarder and never by the training.

They stand in a journal of their own, `journal/system-0.jsonl`, so that who reads what was trained meets none of them;
the forwarder carries it beside the run's. A sample's step is its number in the run's life: a sample is never replaced.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from accelerator.config.interval import Interval
from accelerator.errors import AcceleratorError, StorageError
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import METRIC, SYSTEM, SYSTEM_STREAM, JournalWriter, read_journal
from accelerator.runs.run import Run
from accelerator.tracking.system_load import SystemLoad

KEY, DEFAULT = "system_every", "10s"
_HEAD_START_S = 1.0
"""A sample of the first moments tells of the imports alone; one after them is there also of a short run."""
_log = logging.getLogger(__name__)


class SystemSampler:
    """Samples one machine for one run, from `start` to `stop`; both may come again, as a run is resumed."""

    def __init__(self, folder: RunFolder, every_s: float, load: Callable[[], SystemLoad], machine: str = "") -> None:
        """
        Args:
            folder: the run.
            every_s: seconds between two samples.
            load: makes what is asked for the readings.
            machine: the part of the names that tells several machines apart.
        """
        self._folder = folder
        self._every_s = every_s
        self._load = load
        self._prefix = f"{SYSTEM}{machine}/" if machine else SYSTEM
        self._thread: threading.Thread | None = None
        self._end = threading.Event()

    def start(self) -> None:
        """Begin to sample, unless that goes on already."""
        if self._thread is None:
            self._end.clear()
            self._thread = threading.Thread(target=self._sample, name="system sampler", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End it, and return when the last sample stands in the journal."""
        if self._thread is not None:
            self._end.set()
            self._thread.join()
            self._thread = None

    def _sample(self) -> None:
        try:
            load, last = self._load(), _last_sample(self._folder)
            writer = JournalWriter(self._folder.journal, SYSTEM_STREAM, from_step=last or None)
            pause = min(_HEAD_START_S, self._every_s)
            while not self._end.wait(pause):
                last, pause = last + 1, self._every_s
                now = time.time()
                writer.append([self._record(name, value, last, now) for name, value in load.read().items()])
            writer.close()
        except (StorageError, OSError) as error:  # the run goes on without: training says itself that its disk is full
            _log.warning("no more samples of the machine's load: %s", error)

    def _record(self, name: str, value: float, step: int, now: float) -> dict[str, Any]:
        return {"kind": METRIC, "name": f"{self._prefix}{name}", "value": value, "step": step, "time": now}


def system_sampler(folder: RunFolder) -> SystemSampler | None:
    """Return what samples for a run; None where its config has `system_every: null`, or cannot be read."""
    try:
        every = Run(folder.path).config.get(KEY, DEFAULT)
        every_s = None if every is None else float(Interval.parse(str(every)).value)
    except (AcceleratorError, ValueError) as error:
        _log.warning("the machine's load is not sampled: %s", error)
        return None
    return None if every_s is None else SystemSampler(folder, every_s, lambda: SystemLoad(folder.path), _machine())


def _last_sample(folder: RunFolder) -> int:
    steps = (record.get("step") for record in read_journal(folder.journal, SYSTEM_STREAM))
    return max((step for step in steps if isinstance(step, int)), default=0)


def _machine() -> str:
    """Return this machine's name for a run that torchrun has started on several, as it tells each process."""
    return os.uname().nodename if os.environ.get("GROUP_WORLD_SIZE", "1") != "1" else ""
