"""Carry what has not arrived yet, and return when it has."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from accelerator.runs.delivery import (
    Delivery,
    delivery,
    forwarder_command,
    forwarder_environment,
    has_given_up,
    stop_forwarder,
)
from accelerator.runs.files import storage_error
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import is_held
from accelerator.runs.progress import (
    Progress,
    Tracking,
    read_tracking,
    write_tracking,
)
from accelerator.runs.run import Run
from accelerator.runs.tail import count_unsent, journal_size

_POLL_S = 0.2
_LONGEST_S = 600.0


def sync(
    folder: RunFolder, project_root: Path, timeout_s: float = _LONGEST_S, *, named: Sequence[str] = ()
) -> Delivery:
    """Return when everything that the journal has at this moment is in the store; for an ended run its end too.

    Beside a living forwarder it waits for that one, else, or when that one fails after the run's end, it carries by
    itself, in a process of its own. When the store cannot be reached it returns within some ten seconds, with the
    reason in `error`. `named` are addresses of stores that the command names: the run's own word is not enough.

    Raises:
        StorageError: the run folder cannot be written.
    """
    if read_tracking(folder) is None and Run(folder.path).config.get("tracking") is not None:
        write_tracking(folder, Tracking())  # killed before it could start its forwarder
    start = time.time()
    deadline = time.monotonic() + timeout_s
    goal = journal_size(folder.journal)
    while True:
        found = delivery(folder)
        if _has_arrived(folder, goal, found) or time.monotonic() > deadline:
            return found
        if not found.alive:
            _carry_once(folder, project_root, deadline - time.monotonic(), named)
            return delivery(folder)
        tracking = read_tracking(folder)
        if tracking is not None and tracking.failures and not is_held(folder.lock):
            stop_forwarder(folder)  # it tries what did not work when the run was made; this command may know better
            continue
        if tracking is not None and has_given_up(tracking, start):
            return found
        time.sleep(_POLL_S)


def _has_arrived(folder: RunFolder, goal: dict[str, int], found: Delivery) -> bool:
    if found.finished is not None and not is_held(folder.lock):
        return found.is_complete
    tracking = read_tracking(folder)
    progress = tracking.progress if tracking is not None else Progress()
    is_there = all(progress.position(file) >= size for file, size in goal.items()) or not count_unsent(
        folder.journal, progress
    )
    return is_there and is_held(folder.lock)


def _carry_once(folder: RunFolder, project_root: Path, timeout_s: float, named: Sequence[str]) -> None:
    command = forwarder_command(folder, project_root, "--once", *(f"--named={item}" for item in named))
    try:
        with folder.forwarder_log.open("ab") as log:
            subprocess.run(
                command,
                env=forwarder_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=timeout_s,
                check=False,
            )
    except OSError as error:
        raise storage_error(folder.forwarder_log, error) from error
    except subprocess.TimeoutExpired:
        return
