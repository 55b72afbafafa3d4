"""From a run's end to the command's: exit codes and the bounded wait."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, Problem, StorageError
from accelerator.experiment import ending
from accelerator.experiment.ending import LEFT_TO_ANOTHER, PATIENCE_S, Stop, await_delivery, conclude
from accelerator.runs.delivery import Delivery, delivery
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.progress import Extent, Progress, Tracking, write_tracking
from accelerator.runs.summary import Summary, write_summary
from accelerator.runs.tail import journal_size

# Holds the forwarder's lock and carries nothing, as one does whose store does not answer.
BUSY = """
import sys, time
from pathlib import Path
from accelerator.runs.lock import FORWARDER, RunLock
with RunLock.acquire(Path(sys.argv[1]), role=FORWARDER):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.fixture
def busy_forwarder(folder: RunFolder) -> "subprocess.Popen[str]":
    writer = JournalWriter(folder.journal)
    writer.append([{"kind": "metric", "name": "train/loss", "value": 0.5, "step": 1, "epoch": 0, "time": 1.0}])
    writer.close()
    write_tracking(folder, Tracking())
    command = [sys.executable, "-c", BUSY, str(folder.forwarder_lock)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


@pytest.mark.parametrize(
    ("status", "stop", "error", "code", "reason"),
    [
        ("completed", None, None, 0, ""),
        ("interrupted", signal.SIGINT, None, 130, ""),
        ("interrupted", signal.SIGTERM, None, 143, ""),
        ("interrupted", None, None, 130, ""),
        ("failed", None, StorageError("The disk is full."), 1, "The disk is full."),
        ("failed", signal.SIGINT, StorageError("The disk is full."), 1, "The disk is full."),
        ("failed", None, ConfigError(Problem("loss", "has no input")), 2, "loss: has no input."),
        ("failed", None, ValueError("no\nway"), 1, "ValueError: no"),
        ("failed", None, ValueError(), 1, "ValueError"),
        ("failed", None, OSError("http://me:secret@host is gone"), 1, "OSError: http://***@host is gone"),
        ("died", None, None, 1, ""),
    ],
)
def test_the_exit_code_says_how_the_run_ended(
    status: str, stop: int | None, error: Exception | None, code: int, reason: str, folder: RunFolder
) -> None:
    write_summary(folder, Summary(status))

    outcome = conclude(
        folder, Project(folder.path.parents[2]), None if stop is None else Stop(stop, time.monotonic()), error
    )

    assert (outcome.exit_code, outcome.reason, outcome.summary.status) == (code, reason, status)


def test_after_a_signal_the_forwarder_is_stopped_in_time(
    folder: RunFolder, busy_forwarder: "subprocess.Popen[str]"
) -> None:
    write_summary(folder, Summary("interrupted"))
    signalled = time.monotonic() - 4.0

    outcome = conclude(folder, Project(folder.path.parents[2]), Stop(signal.SIGINT, signalled), None)

    assert time.monotonic() - signalled < PATIENCE_S  # which the command would wait without a signal
    assert (outcome.exit_code, outcome.delivery.unsent, outcome.delivery.alive) == (130, 1, False)
    busy_forwarder.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_the_wait_leaves_no_forwarder_behind(
    number: int, folder: RunFolder, busy_forwarder: "subprocess.Popen[str]"
) -> None:
    write_summary(folder, Summary("completed"))
    threading.Timer(0.5, os.kill, (os.getpid(), number)).start()

    outcome = conclude(folder, Project(folder.path.parents[2]), None, None)

    assert (outcome.exit_code, outcome.delivery.unsent, outcome.delivery.alive) == (0, 1, False)
    busy_forwarder.wait()


@pytest.mark.parametrize(("number", "is_waiting"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_after_ctrl_c_another_ends_the_wait_and_sigterm_does_not(
    number: int,
    is_waiting: bool,
    folder: RunFolder,
    busy_forwarder: "subprocess.Popen[str]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[bool] = []

    def wait(_folder: RunFolder, _timeout_s: float) -> Delivery:
        os.kill(os.getpid(), number)
        waits.append(True)
        return delivery(folder)

    monkeypatch.setattr(ending, "wait_for_delivery", wait)
    write_summary(folder, Summary("interrupted"))

    outcome = conclude(folder, Project(folder.path.parents[2]), Stop(signal.SIGINT, time.monotonic()), None)

    assert (outcome.exit_code, outcome.delivery.alive, waits) == (130, False, [True] * is_waiting)
    busy_forwarder.wait()


def test_a_forwarder_that_has_carried_all_is_left_to_end_by_itself(
    folder: RunFolder, busy_forwarder: "subprocess.Popen[str]"
) -> None:
    ((file, size),) = journal_size(folder.journal).items()
    progress = Progress((Extent(file, 0, size, None),))
    write_tracking(folder, Tracking(progress=progress, finished="interrupted"))
    write_summary(folder, Summary("interrupted"))

    outcome = conclude(folder, Project(folder.path.parents[2]), Stop(signal.SIGINT, time.monotonic()), None)

    assert (outcome.delivery.unsent, outcome.delivery.alive) == (0, True)
    busy_forwarder.kill()
    busy_forwarder.wait()


def test_so_is_one_that_has_carried_all_in_the_moment_in_which_the_wait_ends(
    folder: RunFolder, busy_forwarder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    ((file, size),) = journal_size(folder.journal).items()
    progress = Progress((Extent(file, 0, size, None),))

    def wait(_folder: RunFolder, _timeout_s: float) -> Delivery:
        told = delivery(folder)
        write_tracking(folder, Tracking(progress=progress, finished="interrupted"))
        return told

    monkeypatch.setattr(ending, "wait_for_delivery", wait)
    write_summary(folder, Summary("interrupted"))

    outcome = conclude(folder, Project(folder.path.parents[2]), Stop(signal.SIGINT, time.monotonic()), None)

    assert (outcome.delivery.unsent, outcome.delivery.alive) == (0, True)
    busy_forwarder.kill()
    busy_forwarder.wait()


@pytest.mark.parametrize("stop", [None, Stop(signal.SIGINT, 0.0)])
@pytest.mark.parametrize(("left", "is_awaited"), [("here", False), ("elsewhere", True), ("", True)])
def test_who_was_started_by_one_that_waits_for_the_tracker_does_not(
    left: str, is_awaited: bool, stop: Stop | None, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEFT_TO_ANOTHER, str(folder.path.parent / ("" if left == "here" else left)) if left else "")
    write_summary(folder, Summary("completed"))

    outcome = conclude(folder, Project(folder.path.parents[2]), stop, None)

    assert (outcome.exit_code, outcome.delivery is not None) == (0, is_awaited)


def test_of_several_runs_the_first_is_told_that_has_not_arrived(
    folder: RunFolder, busy_forwarder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "PATIENCE_S", 0.3)
    untracked = RunFolder(folder.path / "untracked")

    told = await_delivery([untracked, folder, untracked])

    assert (told.is_complete, told.unsent) == (False, 1)
    busy_forwarder.kill()
    busy_forwarder.wait()


def test_without_a_signal_the_forwarder_goes_on_by_itself(
    folder: RunFolder, busy_forwarder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "PATIENCE_S", 0.3)
    write_summary(folder, Summary("completed"))

    outcome = conclude(folder, Project(folder.path.parents[2]), None, None)

    assert (outcome.exit_code, outcome.delivery.alive, outcome.delivery.unsent) == (0, True, 1)
    busy_forwarder.kill()
    busy_forwarder.wait()


def test_another_thread_may_wait_too(folder: RunFolder) -> None:
    write_summary(folder, Summary("completed"))
    codes: list[int] = []

    thread = threading.Thread(
        target=lambda: codes.append(conclude(folder, Project(folder.path.parents[2]), None, None).exit_code)
    )
    thread.start()
    thread.join()

    assert codes == [0]
