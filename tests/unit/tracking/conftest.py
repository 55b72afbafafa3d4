"""A project whose store MLflow has made already: making one takes seconds."""

import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import TrackedRun
from tests.tracked_project import make_project


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that MLflow made, to be copied."""
    root = make_project(tmp_path_factory.mktemp("template"))
    MLflowSink().open(TrackedRun("first", "template", root, root, 1.0))
    return root / "mlflow.db"


@pytest.fixture
def with_store(tmp_path: Path, template: Path) -> Path:
    """Return the root of a project that has a store."""
    root = make_project(tmp_path / "a project")
    shutil.copy(template, root / "mlflow.db")
    return root


@pytest.fixture
def client(with_store: Path) -> MlflowClient:
    """Return MLflow's own client of that store."""
    return MlflowClient(f"sqlite:///{with_store}/mlflow.db")
