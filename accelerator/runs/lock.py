"""The lock of a run folder: one writer at a time, and a killed one is known as dead.

The lock is a file that its holder keeps under `flock` and in which it says who it is. On the holder's own machine its
pid and start decide whether it lives: `flock` alone would not do, since forked DataLoader workers share the open file
and outlive a killed run for some seconds. On another machine (a shared file system) `flock` decides.
"""

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from accelerator.errors import RunLockedError
from accelerator.runs.files import storage_error
from accelerator.runs.processes import identify, is_alive

TRAINING = "training"
FORWARDER = "forwarder"
_POLL_S = 0.05


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as its file says."""

    pid: int
    host: str
    process: str
    """What `processes.identify` gave for the pid."""
    role: str
    start: str

    @property
    def is_here(self) -> bool:
        """Whether the holder is a process of this machine."""
        return self.host == os.uname().nodename

    @property
    def is_alive(self) -> bool:
        """Whether the holder is a living process of this machine."""
        return self.is_here and is_alive(self.pid, self.process)


class RunLock:
    """A held lock. Made by `acquire`; `release` it, or leave the `with` block."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._pid = os.getpid()
        self._is_released = False

    @classmethod
    def acquire(cls, path: Path, *, role: str = TRAINING, patience_s: float = 10.0) -> "RunLock":
        """Take the lock at `path`.

        Waits up to `patience_s` for what passes: the workers of a dead holder, or a forwarder that corrects the
        summary. A living run is not waited for.

        Raises:
            RunLockedError: another process writes this run; says which.
            StorageError: the lock file cannot be written.
        """
        deadline = time.monotonic() + patience_s
        while True:
            descriptor = _try_lock(path)
            if descriptor is not None:
                _write_holder(path, descriptor, role)
                return cls(path, descriptor)
            holder = read_holder(path)
            is_passing = holder is None or (holder.is_here and (holder.role == FORWARDER or not holder.is_alive))
            if not is_passing or time.monotonic() > deadline:
                raise RunLockedError(_refusal(path, holder))
            time.sleep(_POLL_S)

    def release(self) -> None:
        """Give the lock back and remove its file. Does nothing the second time, or in a forked child."""
        if self._is_released or os.getpid() != self._pid:
            return
        self._is_released = True
        self._path.unlink(missing_ok=True)  # while held: whoever opens the old file sees that it is another one
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # also for forked workers, which share the open file
        os.close(self._descriptor)

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Tell whether a living run holds the lock (a forwarder that corrects the summary does not count)."""
    holder = read_holder(path)
    if holder is None or holder.role == FORWARDER:
        return False
    return holder.is_alive if holder.is_here else _is_flocked(path)


def read_holder(path: Path) -> Holder | None:
    """Return who the lock file names, dead or alive; None when there is no file or nothing in it yet."""
    try:
        found = json.loads(path.read_bytes())
        holder = Holder(found["pid"], found["host"], found["process"], found["role"], found["start"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    # A run folder may come from a stranger: -1 would mean every process that there is.
    is_process = type(holder.pid) is int and holder.pid > 1 and isinstance(holder.process, str) and holder.process
    return holder if is_process and isinstance(holder.host, str) and isinstance(holder.start, str) else None


def _try_lock(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):  # held; or its holder has just removed the file
        pass
    os.close(descriptor)
    return None


def _write_holder(path: Path, descriptor: int, role: str) -> None:
    holder: dict[str, Any] = {
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "process": identify(os.getpid()),
        "role": role,
        "start": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{json.dumps(holder)}\n".encode("utf-8"), 0)
    except OSError as error:
        os.close(descriptor)
        raise storage_error(path, error) from error


def _is_flocked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _refusal(path: Path, holder: Holder | None) -> str:
    if holder is None:
        return f"{path.parent}: another process is writing this run. Wait until it has ended, or stop it."
    if holder.is_here and not holder.is_alive:
        return (
            f"{path.parent}: process {holder.pid} has ended, but processes that it started still run and hold this "
            f"run. Wait until they have ended, or stop them."
        )
    return (
        f"{path.parent}: process {holder.pid} on {holder.host} has been writing this run since {holder.start}. "
        f"Wait until it has ended, or stop it; a copy of the run is made with --fork."
    )
