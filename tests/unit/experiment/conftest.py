"""Real runs of a second: digits through a small MLP, without tracking."""

import shutil
import sys
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.experiment.train import run
from accelerator.runs.run import Run

QUICK = ("experiment=digits_resnet", "model=mlp", "tracking=none", "callback.progress=null", "loader.batch_size=256")


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())


@pytest.fixture(scope="session")
def _trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trained") / "project"
    (root / "configs").mkdir(parents=True)
    run(*QUICK, "model.in_features=64", "train.epochs=2", project=root)
    return root


@pytest.fixture
def trained(_trained_once: Path, tmp_path: Path) -> Project:
    """Return a project of one completed run (2 epochs, 10 steps), the test's own copy."""
    shutil.copytree(_trained_once, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture
def trained_run(trained: Project) -> Run:
    """Return the run of `trained`."""
    (path,) = (trained.root / "outputs" / "digits").iterdir()
    return Run(path)
