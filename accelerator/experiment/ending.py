"""From a run's end to the command's: the wait for the forwarder, bounded, and the exit code."""

import os
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accelerator.config.project import Project
from accelerator.errors import EXIT_FAILED, AcceleratorError, in_one_line
from accelerator.experiment.outcome import Outcome
from accelerator.launch.signals import signals_to
from accelerator.redaction import redact_text
from accelerator.runs.delivery import Delivery, delivery, stop_forwarder, wait_for_delivery
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import COMPLETED, INTERRUPTED, read_summary
from accelerator.tracking.where_to_look import open_command_of_own

PATIENCE_S = 30.0
"""How long the command waits for the forwarder after a run."""
AFTER_SIGNAL_S = 10.0
"""Within so many seconds of Ctrl-C the command ends."""
LEFT_TO_ANOTHER = "ACCELERATOR_TRACKER_LEFT_FOR"
"""Variable of a process: the folder of runs that it does not wait for, as who started it does."""
_STOPPING_S = 1.0
_LEAVING_S = 4.0
"""On a busy machine the end of a process that has torch takes seconds."""


@dataclass(frozen=True)
class Stop:
    """The signal that ended a run, and when it came (by `time.monotonic`)."""

    number: int
    at: float


def conclude(folder: RunFolder, project: Project, stop: Stop | None, error: Exception | None) -> Outcome:
    """Wait for the forwarder and say how the run ended.

    After a signal the forwarder is stopped in time; what it has not sent stays in the journal. A SIGTERM that follows
    asks for no more than the first signal did, and does not shorten the wait: `mlflow run` sends one after Ctrl-C.
    """
    told = None if is_left_to_another(folder) else await_delivery([folder], stop)
    summary = read_summary(folder)
    code = 0 if summary.status == COMPLETED else EXIT_FAILED
    if error is not None:
        code = error.exit_code if isinstance(error, AcceleratorError) else EXIT_FAILED
    elif summary.status == INTERRUPTED:
        code = 128 + (stop.number if stop is not None else signal.SIGINT)
    look = open_command_of_own(folder, project)
    return Outcome(folder, summary, told, look, code, "" if error is None else _reason(error))


def is_left_to_another(folder: RunFolder) -> bool:
    """Tell whether who started this process waits for the tracker in its stead."""
    left = os.environ.get(LEFT_TO_ANOTHER, "")
    return left != "" and folder.path.is_relative_to(left)


def await_delivery(folders: Sequence[RunFolder], stop: Stop | None = None) -> Delivery:
    """Wait a bounded time until runs are in the tracker; return how it stands with the first that is not.

    Ctrl-C ends the wait, and the forwarders with it.
    """
    patience = PATIENCE_S
    if stop is not None:
        patience = max(0.0, stop.at + AFTER_SIGNAL_S - _STOPPING_S - _LEAVING_S - time.monotonic())
    until = time.monotonic() + patience
    try:
        with signals_to(_interrupt if stop is None else _interrupt_if_repeated):
            told = _first_incomplete(wait_for_delivery(folder, until - time.monotonic()) for folder in folders)
        if stop is None or told.is_complete:  # the forwarder goes on by itself for a while, or ends
            return told
    except KeyboardInterrupt:  # who waits no longer wants no process left behind
        pass
    for folder in folders:
        if not delivery(folder).is_complete:  # what has carried all ends by itself, and may have to see that it stays
            stop_forwarder(folder, _STOPPING_S)
    return _first_incomplete(map(delivery, folders))


def _first_incomplete(deliveries: Iterable[Delivery]) -> Delivery:
    told = list(deliveries)
    return next((item for item in told if not item.is_complete), told[-1])


def _interrupt(_number: int) -> None:
    """End the wait, by SIGTERM as by Ctrl-C."""
    raise KeyboardInterrupt


def _interrupt_if_repeated(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt


def _reason(error: Exception) -> str:
    return redact_text(str(error) if isinstance(error, AcceleratorError) else in_one_line(error))
