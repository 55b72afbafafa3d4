"""The process of a step, and what it has started."""

import fcntl
import os
import sys
import time
from pathlib import Path

from accelerator.pipeline.processes import Processes

KILLED = "import os, subprocess; subprocess.Popen(['sleep', '60'], close_fds=False); os.kill(os.getpid(), 9)"


def test_what_a_killed_process_has_started_ends_with_it(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = [sys.executable, "-c", KILLED]

    ended = Processes().run(command, tmp_path, tmp_path / "output.txt", lock, None)

    os.close(lock)
    assert ended.code == -9
    assert _is_free(tmp_path / "lock", 60.0)


def _is_free(path: Path, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    with path.open() as file:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                time.sleep(0.02)
    return False
