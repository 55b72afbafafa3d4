"""Steps as forks of this process: real processes, with what they import already there."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from accelerator.pipeline import run_step
from accelerator.pipeline.processes import Ended, Processes


class ForkedProcesses(Processes):
    """Starts a registered step as a fork, in a session of its own and with the step's lock; it knows no time limit."""

    def run(
        self,
        command: Sequence[str],
        cwd: Path,
        output: Path,
        lock: int,
        time_limit_s: float | None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Ended:
        """Run the step of a folder to its end."""
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            told = {**self._environment(), **environment}
            os.environ.clear()
            os.environ.update(told)
            os._exit(_step(command[-1], cwd, output))
        _, status = os.waitpid(pid, 0)
        return Ended(os.waitstatus_to_exitcode(status), time.monotonic() - began, self.is_stopping)


def _step(folder: str, cwd: Path, output: Path) -> int:
    os.setsid()
    os.chdir(cwd)
    with output.open("a", encoding="utf-8") as sys.stdout:
        sys.stderr = sys.stdout
        return run_step.main([folder])
