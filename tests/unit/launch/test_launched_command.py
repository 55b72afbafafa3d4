"""A command line through real launchers of Hydra, on this machine."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from accelerator.errors import InputError, RunFailedError
from accelerator.launch.launched_command import (
    LaunchedCommand,
    command_through_launcher,
    run_through_launcher,
)
from accelerator.launch.run_launched import main


def shell(script: str, root: Path) -> LaunchedCommand:
    """Return a command that runs a shell script."""
    return LaunchedCommand(("sh", "-c", script), root, root / "output.txt", root / "launched")


@pytest.mark.parametrize(
    "launch",
    [{"launcher": "basic"}, {"launcher": "joblib", "n_jobs": 1}, {"launcher": "submitit_local", "timeout_min": 5}],
    ids=lambda launch: launch["launcher"],
)
def test_the_command_runs_in_its_folder_and_gives_its_exit_code(launch: dict[str, Any], tmp_path: Path) -> None:
    code = run_through_launcher(shell("pwd; exit 3", tmp_path), launch)

    assert code == 3
    assert (tmp_path / "output.txt").read_text() == f"{tmp_path}\n"


def test_a_signal_reaches_the_command_in_the_launchers_hands(tmp_path: Path) -> None:
    command = shell("trap 'echo saved; exit 143' TERM; echo began; while :; do sleep 0.1; done", tmp_path)
    process = subprocess.Popen(command_through_launcher(command, {"launcher": "submitit_local"}, tmp_path))
    deadline = time.monotonic() + 200
    while not (tmp_path / "output.txt").exists() or not (tmp_path / "output.txt").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 143
    assert (tmp_path / "output.txt").read_text() == "began\nsaved\n"


def test_a_command_that_a_signal_ended_gives_the_exit_code_that_a_shell_would(tmp_path: Path) -> None:
    command = command_through_launcher(shell("kill -9 $$", tmp_path), {"launcher": "basic"}, tmp_path)

    assert main(command[-1]) == 137


def test_an_unknown_launcher_is_refused_with_what_installs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = command_through_launcher(shell("exit 0", tmp_path), {"launcher": "submitit_lokal"}, tmp_path)

    code = main(command[-1])

    assert code == 2
    assert "hydra-submitit-launcher comes with pip install 'accelerator-framework[slurm]'" in capsys.readouterr().err


def test_a_setting_that_the_launcher_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="time_out"):
        run_through_launcher(shell("exit 0", tmp_path), {"launcher": "submitit_local", "time_out": 5})


def test_a_launcher_that_cannot_launch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # no sbatch

    with pytest.raises(
        RunFailedError, match="launch.launcher = submitit_slurm: came back before the command had ended"
    ):
        run_through_launcher(shell("exit 0", tmp_path), {"launcher": "submitit_slurm"})


def test_python_is_the_one_of_this_process(tmp_path: Path) -> None:
    command = command_through_launcher(shell("exit 0", tmp_path), {"launcher": "basic"}, tmp_path)

    assert command[:3] == [sys.executable, "-m", "accelerator.launch.run_launched"]
