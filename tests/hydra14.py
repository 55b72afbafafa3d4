"""Hydra's next line in a folder of its own, which a test puts before the installed packages of a child process.

Only what differs is there (hydra-core, omegaconf, the plugins, Optuna): the rest comes from the test's environment.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = (
    "hydra-core==1.4.0rc3",
    "hydra-joblib-launcher==1.4.0rc3",
    "hydra-optuna-sweeper==1.4.0rc3",
    "omegaconf==2.4.1rc1",
    "optuna==5.0.0",
)
_ROOT = Path(__file__).resolve().parents[1]
_FOLDER = _ROOT / ".venv-hydra14"


@pytest.fixture(scope="session")
def hydra14() -> dict[str, str]:
    """Return environment variables with which a child process has hydra-core 1.4; installs it once, 10 MB."""
    folder = installed()
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))}


def installed() -> Path:
    """Return the folder with the packages, installing them by pip when it lacks one; one process at a time."""
    done = _FOLDER / ".installed"
    wanted = "\n".join(PACKAGES)
    with (_ROOT / ".venv-hydra14.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(_FOLDER, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--target", str(_FOLDER), *PACKAGES], check=True, timeout=500)
            done.write_text(wanted, encoding="utf-8")
    return _FOLDER
