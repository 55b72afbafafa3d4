import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from accelerator.errors import RunLockedError
from accelerator.runs.lock import FORWARDER, RunLock, is_held, read_holder

HOLD = "import sys,time; from pathlib import Path; from accelerator.runs.lock import RunLock\n"
HOLD += "lock = RunLock.acquire(Path(sys.argv[1]))\nprint('held', flush=True)\n"


def hold_in_another_process(path: Path, after: str = "time.sleep(60)") -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD + after, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    with RunLock.acquire(tmp_path / "run.lock") as lock:
        assert is_held(tmp_path / "run.lock")
    lock.release()

    assert not is_held(tmp_path / "run.lock")
    assert os.listdir(tmp_path) == []


def test_a_second_run_in_the_same_process_is_refused(tmp_path: Path) -> None:
    with RunLock.acquire(tmp_path / "run.lock"):
        with pytest.raises(RunLockedError, match=rf"process {os.getpid()} on .* has been writing this run since"):
            RunLock.acquire(tmp_path / "run.lock")


def test_a_second_process_is_refused_and_named(tmp_path: Path) -> None:
    process = hold_in_another_process(tmp_path / "run.lock")

    with pytest.raises(RunLockedError, match=rf"process {process.pid} on"):
        RunLock.acquire(tmp_path / "run.lock")
    end(process)


def test_the_lock_of_a_killed_process_is_free_also_before_it_is_reaped(tmp_path: Path) -> None:
    process = hold_in_another_process(tmp_path / "run.lock")
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and still a zombie

    assert not is_held(tmp_path / "run.lock")
    with RunLock.acquire(tmp_path / "run.lock"):
        assert is_held(tmp_path / "run.lock")
    end(process)


def test_workers_that_outlive_a_killed_run_are_waited_for(tmp_path: Path) -> None:
    process = hold_in_another_process(tmp_path / "run.lock", "import os\nif os.fork() == 0: time.sleep(1)\nos._exit(0)")
    process.wait()

    assert not is_held(tmp_path / "run.lock")
    with RunLock.acquire(tmp_path / "run.lock"):
        assert is_held(tmp_path / "run.lock")
    end(process)


def test_workers_that_never_end_are_told_apart_from_a_run(tmp_path: Path) -> None:
    process = hold_in_another_process(tmp_path / "run.lock", "import os\nif os.fork() == 0: time.sleep(2)\nos._exit(0)")
    process.wait()

    with pytest.raises(RunLockedError, match=rf"process {process.pid} has ended, but processes that it started"):
        RunLock.acquire(tmp_path / "run.lock", patience_s=0.1)
    end(process)


def test_a_forked_child_does_not_release_its_parents_lock(tmp_path: Path) -> None:
    process = hold_in_another_process(
        tmp_path / "run.lock",
        "import os\nif os.fork() == 0: lock.release(); os._exit(0)\nos.wait(); print('forked')\ntime.sleep(60)",
    )

    assert is_held(tmp_path / "run.lock")
    end(process)


def test_releasing_frees_the_lock_although_workers_share_the_file(tmp_path: Path) -> None:
    process = hold_in_another_process(
        tmp_path / "run.lock",
        "import os\nif os.fork() == 0: time.sleep(3); os._exit(0)\nlock.release(); time.sleep(60)",
    )

    with RunLock.acquire(tmp_path / "other.lock"):
        pass
    end(process)
    with RunLock.acquire(tmp_path / "run.lock", patience_s=0.5):
        assert is_held(tmp_path / "run.lock")


def test_a_reused_pid_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with RunLock.acquire(path):
        holder = json.loads(path.read_text())
    path.write_text(json.dumps({**holder, "process": "another start"}))

    assert not is_held(path)


def test_on_another_host_the_file_lock_decides(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with RunLock.acquire(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), "host": "elsewhere"}))
        was_held = is_held(path)
        with pytest.raises(RunLockedError, match="on elsewhere"):
            RunLock.acquire(path)
        path.rename(tmp_path / "away")
        (tmp_path / "away").rename(path)
    path.write_text(json.dumps({"pid": 1, "host": "elsewhere", "process": "", "role": "training", "start": ""}))

    assert was_held
    assert not is_held(path)


def test_a_forwarder_that_corrects_the_summary_does_not_count_as_a_run(tmp_path: Path) -> None:
    with RunLock.acquire(tmp_path / "run.lock", role=FORWARDER):
        assert not is_held(tmp_path / "run.lock")
        with pytest.raises(RunLockedError, match="has been writing this run"):
            RunLock.acquire(tmp_path / "run.lock", patience_s=0.1)


def test_an_empty_lock_file_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("")

    assert read_holder(tmp_path / "run.lock") is None
    assert not is_held(tmp_path / "run.lock")
