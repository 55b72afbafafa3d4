"""A project with a sink of its own, declared as a plugin declares it, and runs in it written by a second process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelerator.runs.delivery import forwarder_command, forwarder_environment
from accelerator.runs.folder import RunFolder, create_run_folder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.lock import RunLock
from accelerator.runs.summary import Summary, write_summary

LEDGER_SINK = '''
import json, os, signal
from pathlib import Path

class Ledger:
    """Appends what it gets to a file. The file `fault` says what goes wrong: `kill N` dies after the N-th send."""

    def open(self, run):
        self.root = run.project_root
        self.fault = (self.root / "fault").read_text().split() if (self.root / "fault").exists() else []
        if self.fault == ["unreachable"]:
            raise ConnectionError("http://me:hunter2@store is out of reach")
        self.write({"opened": run.run_id, "before": run.target})
        return {"run_id": "L1", "address": str(self.root / "ledger.jsonl")}

    def send(self, records):
        for record in records:
            self.write(record)
        if self.fault[:1] == ["kill"]:
            os.unlink(self.root / "fault")
            os.kill(os.getpid(), signal.SIGKILL)

    def close(self, status):
        self.write({"closed": status})

    def write(self, value):
        with open(self.root / "ledger.jsonl", "a") as file:
            file.write(json.dumps(value) + "\\n")


class Guarding(Ledger):
    """Looks once after the end whether anybody wrote over it; with the fault `guard` it fails, with `slow` it waits."""

    def guard(self, status, wait):
        if self.fault == ["guard"]:
            raise ConnectionError("http://me:hunter2@store is gone")
        is_left = wait(500.0 if self.fault == ["slow"] else 0.0)
        self.write({"guarded": status, "left alone": is_left})
        return not is_left
'''
PYPROJECT = """
[project]
name = "a-project"
version = "1.0"
[project.entry-points."accelerator.tracking"]
ledger = "ledger_sink:Ledger"
guarding = "ledger_sink:Guarding"
"""
LEDGER = "system_every: null\ntracking: {_target_: ledger}\n"
MLFLOW = "tracking: {_target_: mlflow, tracking_uri: null, experiment: null}\n"


def make_project(root: Path) -> Path:
    """Make the project's files below `root`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "ledger_sink.py").write_text(LEDGER_SINK, encoding="utf-8")
    return root


def make_run(project: Path, tracking: str = LEDGER, name: str = "digits") -> RunFolder:
    """Make a run folder with a config, and nothing else."""
    folder = create_run_folder(project / "outputs", name)
    folder.config.write_text(f"name: {name}\n{tracking}", encoding="utf-8")
    return folder


def point(step: int, value: float = 0.5, name: str = "train/loss") -> dict[str, Any]:
    """Return a metric record."""
    return {"kind": "metric", "name": name, "value": value, "step": step, "epoch": 1, "time": 1732352460.0 + step}


def write_journal(folder: RunFolder, records: Sequence[dict[str, Any]], from_step: int | None = None) -> None:
    """Append records as a segment of their own."""
    writer = JournalWriter(folder.journal, from_step=from_step)
    writer.append(records)
    writer.close()


def end_run(folder: RunFolder, status: str = "completed") -> None:
    """Write the summary as training does at its end."""
    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary(status))


def carry(folder: RunFolder, project: Path, *flags: str, timeout_s: float = 200) -> subprocess.CompletedProcess[str]:
    """Run the forwarder to its end."""
    return subprocess.run(
        forwarder_command(folder, project, *flags),
        env=forwarder_environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def start_training(folder: RunFolder, project: Path, steps: int, pause_s: float = 0.01) -> subprocess.Popen[str]:
    """Start a process that writes the run as training does: lock, forwarder, journal, summary."""
    command = [sys.executable, __file__, str(folder.path), str(project), str(steps), str(pause_s)]
    return subprocess.Popen(command, env=forwarder_environment(), text=True)


def ledger(project: Path) -> list[dict[str, Any]]:
    """Return what the ledger sink got."""
    path = project / "ledger.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def points(records: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return name and step of the metrics among `records`."""
    return [(record["name"], record["step"]) for record in records if record.get("kind") == "metric"]


def wait_until(condition: Any, timeout_s: float = 120.0) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def kill(pid: int) -> None:
    """End a process as a crash does."""
    os.kill(pid, signal.SIGKILL)


def _train(folder: RunFolder, project: Path, steps: int, pause_s: float) -> None:
    from accelerator.runs.delivery import start_forwarder
    from accelerator.runs.journal import read_journal

    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary())
        start_forwarder(folder, project)
        done = max((record["step"] for record in read_journal(folder.journal) if "step" in record), default=0)
        writer = JournalWriter(folder.journal, from_step=done // 10 * 10 if done else None)
        for step in range(done // 10 * 10 + 1, steps + 1):
            writer.append([point(step, 1 / step)])
            time.sleep(pause_s)
        writer.close()
        write_summary(folder, Summary("completed", step=steps))


if __name__ == "__main__":
    _train(RunFolder(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
