"""What all tests share: a project of their own to stand in, and nothing of the machine's settings."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.hydra14 import hydra14

__all__ = ["hydra14"]

# Workers share the cores: torch's threads would only wait for each other, spinning. Children inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Who starts the suite in the background of a script has Ctrl-C ignored, and all that tests start would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says nothing on a machine that others use too.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

_OF_OUTSIDE = ("ACCELERATOR_", "HYDRA_", "MLFLOW_")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(_OF_OUTSIDE)]:
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the root of an empty project, found as one by its `pyproject.toml`."""
    root = tmp_path / "project"
    (root / "configs" / "experiment").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nname = "a-project"\nversion = "1.0"\n', encoding="utf-8")
    return root


@pytest.fixture
def inside_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of an empty project that is the working folder, and leave `sys.path` as it was."""
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    return project
