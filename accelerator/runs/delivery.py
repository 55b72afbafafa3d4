"""From the training side: start the forwarder, ask how far it is, wait for it, stop it. Imports no tracker."""

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from accelerator.runs.files import storage_error
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import is_held, read_holder
from accelerator.runs.processes import is_alive, reap
from accelerator.runs.progress import Tracking, read_tracking, write_tracking
from accelerator.runs.summary import MlflowAddress
from accelerator.runs.tail import count_unsent

FORWARDER_MODULE = "accelerator.tracking.forward"
_POLL_S = 0.1
_START_S = 5.0
MANY_FAILURES = 3
"""After so many failures in a row a sink counts as out of reach, rather than busy."""


@dataclass(frozen=True)
class Delivery:
    """How far a run's journal has been carried."""

    sent: int
    """Records that the sink has taken."""
    unsent: int
    """Records that wait."""
    alive: bool
    """Whether a forwarder is at work."""
    address: str | None
    """Where the run is to be seen; without credentials."""
    error: str | None
    """Why it does not go on at the moment."""
    finished: str | None = None
    """The status that the sink knows as the run's end."""
    failed_at: float | None = None
    """When the forwarder last failed, in seconds since 1970."""

    @property
    def is_complete(self) -> bool:
        """Whether all has arrived, the run's end too."""
        return self.unsent == 0 and self.finished is not None


def start_forwarder(folder: RunFolder, project_root: Path) -> int:
    """Start the process that carries this run's journal; return its pid. Call it with the run's lock held.

    It runs in a session of its own, holds none of our streams, and ends by itself after the run.

    Raises:
        StorageError: the run folder cannot be written.
    """
    known = read_tracking(folder)
    if known is None or (known.finished is not None and not _is_working(folder)):
        # From here on the run counts as tracked and not ended, even if the process never starts.
        write_tracking(folder, replace(known or Tracking(), finished=None))
    return _spawn(folder, forwarder_command(folder, project_root))


def carry_what_was_left(folder: RunFolder, project_root: Path) -> None:
    """Start a process that carries what a command before left behind, unless all is there or somebody is at it.

    Nobody waits for it; it gives up soon, and does not take the run's word for where to carry it.

    Raises:
        StorageError: the run folder cannot be written, or `tracking.json` is damaged.
    """
    known = read_tracking(folder)
    if (known is None or known.finished is None) and not is_held(folder.lock) and not _is_working(folder):
        _spawn(folder, forwarder_command(folder, project_root, "--once", "--unasked"))


def _spawn(folder: RunFolder, command: list[str]) -> int:
    try:
        log = os.open(
            folder.forwarder_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666
        )
    except OSError as error:
        raise storage_error(folder.forwarder_log, error) from error
    try:
        return os.posix_spawn(
            sys.executable,
            command,
            forwarder_environment(),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(log)


def forwarder_command(folder: RunFolder, project_root: Path, *flags: str) -> list[str]:
    """Return the command line of the forwarder."""
    return [sys.executable, "-m", FORWARDER_MODULE, str(folder.path), "--project", str(project_root), *flags]


def forwarder_environment() -> dict[str, str]:
    """Return the forwarder's environment: ours, with one thread for numeric libraries, and able to import us."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    home = Path(__file__).resolve().parents[2]
    if home.name not in ("site-packages", "dist-packages"):  # a checkout, that this process may know by sys.path alone
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(home)]))
    return environment


def delivery(folder: RunFolder) -> Delivery:
    """Return how far the journal has been carried. A run without tracking has nothing to carry, and is complete."""
    is_working = _is_working(folder)
    tracking = read_tracking(folder)
    if tracking is None:
        return Delivery(0, 0, is_working, None, None, finished="untracked")
    return Delivery(
        sent=tracking.sent,
        unsent=count_unsent(folder.journal, tracking.progress),
        alive=is_working,
        address=tracking.target.get("tracking_uri") or tracking.target.get("address"),
        error=tracking.error,
        finished=tracking.finished,
        failed_at=tracking.failed_at,
    )


def wait_for_delivery(folder: RunFolder, timeout_s: float) -> Delivery:
    """Wait until all has arrived, the run's end too; return how far it came.

    To be called after the run's end. Returns early when the forwarder cannot reach its sink, or is gone.
    """
    start = time.time()
    deadline = time.monotonic() + timeout_s
    patience = time.monotonic() + min(_START_S, timeout_s)
    _hurry(folder)
    while time.monotonic() < deadline:
        is_working = _is_working(folder)
        now = read_tracking(folder)
        if now is None or now.finished is not None or has_given_up(now, start):
            break
        if not is_working and time.monotonic() > patience:
            break
        time.sleep(_POLL_S)
    return delivery(folder)


def has_given_up(tracking: Tracking, since: float) -> bool:
    """Tell whether the forwarder fails again and again, last after the moment `since` (seconds since 1970)."""
    return tracking.failures >= MANY_FAILURES and (tracking.failed_at or 0.0) > since


def stop_forwarder(folder: RunFolder, patience_s: float = 3.0) -> None:
    """End the run's forwarder, if one is at work: asked first, killed after `patience_s`. What it has not sent stays
    in the journal."""
    holder = read_holder(folder.forwarder_lock)
    if holder is None or not holder.is_alive:
        return
    deadline = time.monotonic() + patience_s
    sent = signal.SIGTERM
    os.kill(holder.pid, sent)
    while is_alive(holder.pid, holder.process):
        if time.monotonic() > deadline and sent != signal.SIGKILL:
            sent = signal.SIGKILL
            os.kill(holder.pid, sent)
        time.sleep(0.02)
    reap(holder.pid)


def mlflow_address(folder: RunFolder) -> MlflowAddress | None:
    """Return where MLflow has the run, as soon as the forwarder knows; training copies it into its summary."""
    return address_of(read_tracking(folder))


def address_of(tracking: Tracking | None) -> MlflowAddress | None:
    """Return the address that an MLflow sink gave; None for other sinks, and before it has opened."""
    target = tracking.target if tracking is not None else {}
    if not {"tracking_uri", "experiment", "run_id"} <= target.keys():
        return None
    return MlflowAddress(tracking_uri=target["tracking_uri"], experiment=target["experiment"], run_id=target["run_id"])


def _is_working(folder: RunFolder) -> bool:
    holder = read_holder(folder.forwarder_lock)
    return holder is not None and holder.is_alive


def _hurry(folder: RunFolder) -> None:
    """Give the forwarder the usual priority: now somebody waits for it. Many systems allow that to root alone."""
    holder = read_holder(folder.forwarder_lock)
    if holder is not None and holder.is_alive:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, holder.pid, 0)
