"""One command line through one of Hydra's launchers: on this machine, or in a queue such as Slurm's.

Who launches waits in a process of its own, and what is launched may run elsewhere: they share a folder. In it stand
the exit code, when there is one, and the signal to pass on, when one came.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.config.launch_settings import LAUNCHER, launcher_overrides
from accelerator.config.multirun import HydraPlace, SweepLine, run_multirun
from accelerator.config.project import ConfigSource
from accelerator.errors import InputError, RunFailedError, in_one_line
from accelerator.launch.signals import signals_to

_EXIT_CODE, _SIGNAL = "exit_code", "signal"
_POLL_S = 0.1


@dataclass(frozen=True)
class LaunchedCommand:
    """A command line, and where it runs; it is pickled where a launcher has processes of its own."""

    command: tuple[str, ...]
    cwd: Path
    """The working folder; on another machine it has to be at the same path."""
    output: Path
    """What it prints is appended here."""
    folder: Path
    """Shared by who launches it and what is launched."""

    def __call__(self, _drawn: tuple[str, ...]) -> float | None:
        """Run the command to its end, and pass on the signal that its launcher notes."""
        with self.output.open("ab") as printed:
            process = subprocess.Popen(
                self.command, cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed
            )
            is_told = False
            while process.poll() is None:
                if not is_told and (number := _number_in(self.folder / _SIGNAL)) is not None:
                    process.send_signal(number)
                    is_told = True
                time.sleep(_POLL_S)
        _write(self.folder / _EXIT_CODE, process.returncode)
        return None


def run_through_launcher(
    launched: LaunchedCommand, launch: Mapping[str, Any], sources: Sequence[ConfigSource] = ()
) -> int:
    """Run a command through the launcher that `launch` names, and return its exit code.

    SIGINT and SIGTERM are passed on to the command, whose end is waited for.

    Args:
        launched: the command.
        launch: `launcher`, the name (`joblib`, `submitit_local`, `submitit_slurm`), and settings of that launcher.
        sources: folders of configs whose `hydra/launcher/` may hold launchers of one's own.

    Raises:
        InputError: there is no such launcher, or it has no such setting.
        RunFailedError: the launcher came back without the command having come to its end.
    """
    launched.folder.mkdir(parents=True, exist_ok=True)
    for name in (_EXIT_CODE, _SIGNAL):
        (launched.folder / name).unlink(missing_ok=True)

    line = SweepLine((), (), launcher_overrides(launch))
    failure = ""
    try:
        with signals_to(lambda number: _write(launched.folder / _SIGNAL, number)):
            run_multirun(line, HydraPlace(launched.folder, tuple(sources)), [], launched)
    except InputError:
        raise
    except Exception as error:  # the border to a launcher: a queue that is out of reach, a job that was cancelled
        failure = f": {in_one_line(error)}"
    code = _number_in(launched.folder / _EXIT_CODE)
    if code is None:
        raise RunFailedError(
            f"launch.launcher = {launch[LAUNCHER]}: came back before the command had ended{failure}. What the launcher "
            f"itself wrote is in {launched.folder}."
        )
    return code


def command_through_launcher(launched: LaunchedCommand, launch: Mapping[str, Any], project: Path) -> list[str]:
    """Return the command line of a process that runs `launched` through a launcher, and ends with its exit code."""
    task = {
        "command": list(launched.command),
        "cwd": str(launched.cwd),
        "output": str(launched.output),
        "folder": str(launched.folder),
        "launch": dict(launch),
        "project": str(project),
    }
    return [sys.executable, "-m", "accelerator.launch.run_launched", json.dumps(task)]


def _number_in(path: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return None


def _write(path: Path, number: int) -> None:
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(str(number), encoding="ascii")
    beside.replace(path)
