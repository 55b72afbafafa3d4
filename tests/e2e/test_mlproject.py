"""`mlflow run` in a real process: it starts our command, and finds in its own run what we logged."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import is_held
from accelerator.scaffold.project_template import PROJECT, project_files
from tests.e2e.command import accelerator, await_path, clean_environment

pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")
NOTE = "two words, [a] {b} and a comma"
FEW_STEPS = (
    f"experiment=digits_resnet model=mlp model.in_features=64 train.steps=2 \"+tags.note='{NOTE}'\" optimizer.lr=0.02"
)
MANY_EPOCHS = "experiment=digits_resnet model=mlp model.in_features=64 train.epochs=100000"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that has our `MLproject`."""
    root = tmp_path / "a project"
    root.mkdir()
    values = {"title": "A", "package": "a", "distribution": "a-project"}
    (root / "MLproject").write_text(project_files(PROJECT, values)["MLproject"])
    (root / "configs").mkdir()
    return root


def test_mlflow_run_finds_in_its_own_run_what_training_logged(root: Path) -> None:
    command = start_mlflow_run(root, FEW_STEPS)
    out, err = command.communicate(timeout=400)

    assert command.returncode == 0, err
    run = only_run(root)
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.project.entryPoint"] == "train"
    assert run.data.tags["note"] == NOTE
    assert run.data.params["optimizer.lr"] == "0.02"
    (summary,) = (json.loads(path.read_text()) for path in root.rglob("summary.json"))
    assert run.data.metrics["test/accuracy"] == summary["metrics"]["test/accuracy"]
    assert run.info.run_name == out.splitlines()[-1].rpartition("/")[2]


def test_ctrl_c_leaves_no_failed_run_although_mlflow_run_calls_it_so(root: Path) -> None:
    command = start_mlflow_run(root, MANY_EPOCHS)
    await_path(root, "outputs/digits/*/checkpoints/step-*")

    os.killpg(command.pid, signal.SIGINT)  # as a terminal does; MLflow sends our command a SIGTERM then
    out, err = command.communicate(timeout=200)

    assert command.returncode == 1
    (folder,) = root.glob("outputs/digits/*")
    deadline = time.monotonic() + 200
    while is_held(RunFolder(folder).forwarder_lock):  # it sees for a while that the end stays
        assert time.monotonic() < deadline, (folder / "forwarder.log").read_text()
        time.sleep(0.1)
    accelerator("experiment", "sync", "last", cwd=root)  # what a busy machine did not carry in ten seconds
    run = only_run(root)
    assert (run.info.status, run.info.run_name) == ("KILLED", folder.name)


def start_mlflow_run(root: Path, overrides: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlflow",
            "run",
            ".",
            "-e",
            "train",
            "--env-manager=local",
            "-P",
            f"overrides={overrides}",
        ],
        cwd=root,
        env=clean_environment(
            PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin",
            MLFLOW_DISABLE_TELEMETRY="true",
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def only_run(root: Path) -> Run:
    (run,) = MlflowClient(f"sqlite:///{root}/mlflow.db").search_runs(["0"])
    return run
