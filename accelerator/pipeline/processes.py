"""The processes of steps: started in sessions of their own, stopped by the pipeline's signals or a time limit.

A session of its own means that Ctrl-C reaches a step once: from the pipeline, which passes it on. MLFLOW_RUN_ID names
the run that `mlflow run` made for the whole pipeline: no step is told of it, or the first would take it over. Told is
the experiment, so that MLflow shows the runs of all steps below that of the pipeline.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from accelerator.runs.environment import EXPERIMENT_ID, EXPERIMENT_NAME, RUN_ID

SAVING_S = 60.0
"""How long a step has to save and end after its time limit, or after a signal, before it is killed."""
_POLL_S = 0.05


@dataclass(frozen=True)
class Ended:
    """How a step's process ended: its exit code (negative: the signal that ended it), and by whom."""

    code: int
    seconds: float
    is_stopped: bool = False
    """The pipeline was told to stop."""
    is_over_time: bool = False

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal to stop ended it, whoever sent that."""
        stops = (signal.SIGINT, signal.SIGTERM)
        return not self.is_over_time and (
            self.is_stopped or self.code in [*(-n for n in stops), *(128 + n for n in stops)]
        )


@dataclass
class Processes:
    """The processes of one pipeline that run at this moment, and the signal that came, if one did."""

    experiment: str | None = None
    """MLflow's experiment of the pipeline, unless the environment names one; None where it is not tracked."""
    signals: list[int] = field(default_factory=list)
    _running: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_stopping(self) -> bool:
        """Whether nothing more is to be started."""
        return bool(self.signals)

    def stop(self, number: int) -> None:
        """Pass a signal on to all that run; nothing more is started. Safe in a signal handler: it takes no lock."""
        self.signals.append(number)
        for process in list(self._running.values()):
            _send(process, number)

    def run(
        self,
        command: Sequence[str],
        cwd: Path,
        output: Path,
        lock: int,
        time_limit_s: float | None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Ended:
        """Run a process to its end; what it prints is appended to `output`, `environment` is added to ours.

        `lock` is an open file that it holds as long as it lives, also when this process is killed.
        """
        began = time.monotonic()
        with output.open("ab") as printed:
            with self._lock:
                if self.is_stopping:
                    return Ended(-self.signals[0], 0.0, is_stopped=True)
                process = subprocess.Popen(
                    command,
                    cwd=cwd,
                    env={**self._environment(), **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=printed,
                    start_new_session=True,
                    pass_fds=[lock],
                )
                self._running[process.pid] = process
            if self.is_stopping:  # it came between the look and the start
                _send(process, self.signals[0])
            try:
                is_over_time = self._wait(process, began, time_limit_s)
            finally:
                del self._running[process.pid]
            if process.returncode < 0:  # what it has started would run on beside the next attempt
                _kill_session(process.pid)
        return Ended(process.returncode, time.monotonic() - began, self.is_stopping and not is_over_time, is_over_time)

    def _environment(self) -> dict[str, str]:
        told = {name: value for name, value in os.environ.items() if name != RUN_ID}
        is_named = bool(told.get(EXPERIMENT_NAME) or told.get(EXPERIMENT_ID))
        return told if is_named or self.experiment is None else {**told, EXPERIMENT_NAME: self.experiment}

    def _wait(self, process: "subprocess.Popen[bytes]", began: float, time_limit_s: float | None) -> bool:
        """Return when the process has ended: whether that was for its time limit."""
        is_over_time = False
        kill_at: float | None = None
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_S)
                return is_over_time
            now = time.monotonic()
            if kill_at is None and self.is_stopping:
                kill_at = now + SAVING_S
            if kill_at is None and time_limit_s is not None and now - began > time_limit_s:
                is_over_time, kill_at = True, now + SAVING_S
                _send(process, signal.SIGTERM)
            if kill_at is not None and now > kill_at:
                _kill_session(process.pid)


def _kill_session(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def command_of_ours(*arguments: str) -> list[str]:
    """Return the command that runs `accelerator` with this Python."""
    return [sys.executable, "-m", "accelerator", *arguments]


def _send(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)  # unlike os.kill not to a pid that has ended and may be another's by now
