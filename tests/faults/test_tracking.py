"""Kills, resumes and unreachable stores: whatever happens, each point arrives once, and the end is the true one."""

import os
import signal
from pathlib import Path

import pytest
from mlflow import MlflowClient

from accelerator.config.project import Project
from accelerator.experiment.compare import compare
from accelerator.experiment.list_runs import list_runs
from accelerator.runs.delivery import delivery, wait_for_delivery
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import read_holder
from accelerator.runs.summary import read_summary
from accelerator.tracking.sync import sync
from tests.mlflow_server import MlflowServer
from tests.tracked_project import (
    MLFLOW,
    carry,
    end_run,
    kill,
    ledger,
    make_project,
    make_run,
    point,
    points,
    start_training,
    wait_until,
    write_journal,
)

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


@pytest.fixture
def tracked(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def stored(project: Path, folder: RunFolder, uri: str | None = None) -> tuple[str, list[int]]:
    """Return what MLflow has of a run: its status, and the steps of its loss."""
    client = MlflowClient(uri or f"sqlite:///{project}/mlflow.db")
    address = read_summary(folder).mlflow
    assert address is not None
    history = client.get_metric_history(address["run_id"], "train/loss")
    return client.get_run(address["run_id"]).info.status, [item.step for item in history]


def test_a_forwarder_killed_between_sending_and_remembering_sends_the_same_again(tracked: Path) -> None:
    folder = make_run(tracked)
    write_journal(folder, [point(step) for step in range(1, 11)])
    (tracked / "fault").write_text("kill")
    killed = carry(folder, tracked)
    write_journal(folder, [point(step, 0.9) for step in range(5, 13)], from_step=4)
    end_run(folder)
    carry(folder, tracked)
    got = [record for record in ledger(tracked) if record.get("kind") == "metric"]

    assert killed.returncode == -signal.SIGKILL
    assert got[:10] == got[10:20] == [point(step) for step in range(1, 11)]
    assert points(got[20:]) == [("train/loss", 11), ("train/loss", 12)]
    assert delivery(folder).is_complete


def test_killed_training_ends_as_died_in_summary_and_mlflow(tracked: Path) -> None:
    folder = make_run(tracked, MLFLOW)
    training = start_training(folder, tracked, steps=100_000)
    wait_until(lambda: delivery(folder).sent > 0, 60)
    kill(training.pid)
    training.wait()
    found = wait_for_delivery(folder, 60)

    assert found.is_complete
    assert read_summary(folder).status == "died"
    status, steps = stored(tracked, folder)
    assert status == "KILLED"
    assert steps == list(range(1, len(steps) + 1))


def test_training_and_forwarder_killed_and_resumed_leave_each_step_once(tracked: Path) -> None:
    folder = make_run(tracked, MLFLOW)
    first = start_training(folder, tracked, steps=100_000)
    wait_until(lambda: delivery(folder).sent > 25, 60)
    kill(first.pid)
    first.wait()
    holder = read_holder(folder.forwarder_lock)
    if holder is not None and holder.is_alive:
        kill(holder.pid)
    last = points_of_journal(folder) + 30
    second = start_training(folder, tracked, steps=last, pause_s=0.0)
    second.wait()
    found = wait_for_delivery(folder, 60)

    assert found.is_complete
    assert stored(tracked, folder) == ("FINISHED", list(range(1, last + 1)))


def points_of_journal(folder: RunFolder) -> int:
    return sum(path.read_bytes().count(b'"metric"') for path in folder.journal.iterdir())


def test_first_runs_at_once_on_an_empty_folder_all_arrive(tracked: Path) -> None:
    folders = [make_run(tracked, MLFLOW) for _ in range(3)]
    trainings = [start_training(folder, tracked, steps=20) for folder in folders]
    for training in trainings:
        training.wait()
    found = [wait_for_delivery(folder, 100) for folder in folders]

    assert all(item.is_complete for item in found)
    assert [stored(tracked, folder) for folder in folders] == [("FINISHED", list(range(1, 21)))] * 3
    assert set(os.listdir(tracked)) - {"__pycache__"} == {"ledger_sink.py", "mlflow.db", "outputs", "pyproject.toml"}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_ten_first_runs_at_once_on_an_empty_folder_all_arrive(tracked: Path) -> None:
    folders = [make_run(tracked, MLFLOW) for _ in range(10)]
    trainings = [start_training(folder, tracked, steps=50) for folder in folders]
    for training in trainings:
        training.wait()
    found = [wait_for_delivery(folder, 300) for folder in folders]

    assert all(item.is_complete for item in found)
    assert [stored(tracked, folder) for folder in folders] == [("FINISHED", list(range(1, 51)))] * 10


def test_an_unreachable_server_is_told_and_sync_brings_everything_later(
    tracked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stands in no config of the project: the command that trains names it, and the one that carries."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    server = MlflowServer(tmp_path)
    address = server.address
    folder = make_run(tracked, MLFLOW.replace("tracking_uri: null", f"tracking_uri: '{address}'"))
    training = start_training(folder, tracked, steps=30)
    training.wait()
    unnamed = sync(folder, tracked)
    unreachable = sync(folder, tracked, named=[address])
    server.start()
    server.wait()
    (folder.path / "plot.txt").write_text("picture")
    write_journal(folder, [{"kind": "artifact", "name": "plot.txt", "path": "plot.txt"}, point(31, float("nan"))], 30)
    found = sync(folder, tracked, named=[address])
    status, steps = stored(tracked, folder, address)
    (row,) = list_runs(Project(tracked), tracking=address)
    curve = write_curves(tracked, address)
    server.stop()

    assert unnamed.error is not None and f"set MLFLOW_TRACKING_URI={address}" in unnamed.error
    assert unreachable.unsent == 30
    assert unreachable.error is not None and "Connection refused" in unreachable.error
    assert found.is_complete, found
    assert (status, steps) == ("FINISHED", list(range(1, 32)))
    assert [path.name for path in (tmp_path / "files").rglob("*.txt")] == ["plot.txt"]
    assert (row.run_id, row.status) == (folder.run_id, "completed")
    assert curve.startswith(b"\x89PNG")


def write_curves(project: Path, address: str) -> bytes:
    """Have the one run that a server knows drawn, from the server alone."""
    file = project / "curves.png"
    compare(["last"], curves="train/loss", output=str(file), tracking=address, project=Project(project))
    return file.read_bytes()
