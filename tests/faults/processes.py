"""Training processes, watched from outside."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil

from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import METRIC, read_journal
from tests.faults.training import main


class Training:
    """One process of `tests.faults.training`, in a process group of its own."""

    def __init__(self, project: Path, action: str = "new", **options: Any) -> None:
        self._project = project
        texts = {name: str(value) for name, value in options.items()}
        (project / "said.txt").unlink(missing_ok=True)
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload(["tests.faults.training"])
        self._process = server.Process(target=main, args=(project, action, texts))
        self._process.start()

    @property
    def lines(self) -> list[str]:
        """What the process has said."""
        said = self._project / "said.txt"
        return said.read_text().splitlines() if said.exists() else []

    @property
    def stderr(self) -> str:
        """What went wrong."""
        return (self._project / "failed.txt").read_text()

    def wait_for(self, line: str) -> "Training":
        """Return when the process has said this line."""
        deadline = time.monotonic() + 200
        while line not in self.lines:
            assert self._process.is_alive() and time.monotonic() < deadline, f"{self.lines} {self.stderr}"
            time.sleep(0.01)
        return self

    def tree(self) -> list[psutil.Process]:
        """Return the process and all that it has started."""
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def send(self, number: signal.Signals, *, to_group: bool = False) -> None:
        """Send a signal to the process, or as a terminal does to its whole group."""
        assert self._process.pid is not None
        (os.killpg if to_group else os.kill)(self._process.pid, number)

    def end(self, timeout_s: float = 200.0) -> int | None:
        """Wait for the end and return the exit status; None when it did not come."""
        self._process.join(timeout_s)
        return self._process.exitcode


def assert_gone(processes: list[psutil.Process], within_s: float = 60.0) -> None:
    """Assert that none of these processes lives on."""
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    assert [item for item in alive if item.status() != psutil.STATUS_ZOMBIE] == []


def only_run(project: Path) -> RunFolder:
    """Return the one run folder of a project."""
    (path,) = (project / "outputs" / "run").iterdir()
    return RunFolder(path)


def points(folder: RunFolder) -> list[tuple[str, int, float]]:
    """Return every point of a run's journal, sorted."""
    found = read_journal(folder.journal)
    return sorted((item["name"], item["step"], item["value"]) for item in found if item["kind"] == METRIC)


def model_bytes(folder: RunFolder) -> bytes:
    """Return the newest model of a run, as it lies on the disk."""
    last = (folder.checkpoints / "last").read_text().strip()
    return (folder.checkpoints / last / "model.safetensors").read_bytes()
