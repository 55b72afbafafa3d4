"""Our commands in real processes, as a user starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

SCRIPT = str(Path(sys.executable).with_name("accelerator"))
FORMS = {
    "script": (SCRIPT,),
    "module": (sys.executable, "-m", "accelerator"),
}
_OF_OUTSIDE = ("MLFLOW_", "ACCELERATOR_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        """The last line of stdout."""
        return self.out.splitlines()[-1]


def accelerator(
    *arguments: str,
    cwd: Path,
    form: Sequence[str] = FORMS["module"],
    variables: Mapping[str, str] = MappingProxyType({}),
    timeout_s: float = 400,
) -> Ended:
    """Run one command line to its end, not on a terminal, in an environment free of what the caller's sets."""
    done = subprocess.run(
        [*form, *arguments],
        cwd=cwd,
        env=clean_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def start(*arguments: str, cwd: Path, as_group: bool = False, **variables: str) -> "subprocess.Popen[str]":
    """Start one command line, to be looked at or stopped while it runs.

    `as_group`: in a process group of its own, as a shell does on a terminal, whose Ctrl-C reaches the whole group.
    """
    return subprocess.Popen(
        [*FORMS["module"], *arguments],
        cwd=cwd,
        env=clean_environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0 if as_group else None,
    )


def await_path(folder: Path, pattern: str, timeout_s: float = 200) -> Path:
    """Wait until something below `folder` matches `pattern`, and return the first."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = sorted(folder.glob(pattern))
        if found:
            return found[0]
        time.sleep(0.02)
    raise TimeoutError(f"nothing below {folder} matches {pattern}")


def clean_environment(**added: str) -> dict[str, str]:
    """Return the environment of this process without what would change how a command behaves."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_OUTSIDE)} | added


def modules_imported_by(*arguments: str, cwd: Path) -> set[str]:
    """Return the top-level modules that are loaded when a command ends, in a process of its own."""
    code = (
        "import sys\n"
        "from accelerator.cli.main import main\n"
        "code = main()\n"
        "sys.stderr.write(' '.join({name.partition('.')[0] for name in sys.modules}))\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, env=clean_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())
