"""Which process is meant by a pid: a process is known by its pid and the moment when it started."""

import os
from pathlib import Path


def identify(pid: int) -> str | None:
    """Return what tells the living process `pid` from any other that had or will have the same pid.

    None when there is no such process, or when it has ended and only waits to be reaped (a zombie).
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _identify_without_proc(pid)
    try:
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"


def is_alive(pid: int, identity: str) -> bool:
    """Tell whether the process that `identify` gave `identity` for still runs on this machine."""
    return identify(pid) == identity


def reap(pid: int) -> None:
    """Let the system forget an ended child of ours; nothing happens when `pid` runs on or is no child."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except (ChildProcessError, PermissionError):
        return


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _identify_without_proc(pid: int) -> str | None:
    import psutil  # only macOS needs it, and its import costs 15 ms

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.NoSuchProcess:
        return None
