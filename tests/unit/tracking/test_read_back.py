"""What MLflow has of runs is read as the run folders are."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from accelerator.config.project import Project
from accelerator.errors import InputError, RunNotFoundError
from accelerator.experiment.compare import compare
from accelerator.experiment.list_runs import list_runs
from accelerator.runs.journal import Record
from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import TrackedRun
from tests.mlflow_server import FaultyProxy

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")

START = 1732352460.0


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose store has two runs; nothing of them is on the disk besides."""
    root = tmp_path_factory.mktemp("tracked")
    for place, (run_id, lr, status) in enumerate([("run-aaaaaa", 0.1, "completed"), ("run-bbbbbb", 0.001, "failed")]):
        folder = root / "gone" / run_id
        folder.mkdir(parents=True)
        (folder / "overrides.yaml").write_text(f"[optimizer.lr={lr}]\n", encoding="utf-8")
        sink = MLflowSink()
        sink.open(TrackedRun(run_id, "digits", folder, root, START + place))
        sink.send([{"kind": "artifact", "name": "overrides.yaml", "path": "overrides.yaml"}, *_records(lr)])
        sink.close(status)
    return Project(root)


def _records(lr: float) -> list[Record]:
    settings = {"optimizer.lr": lr, "train.clip_norm": None, "loader.shuffle": True, "model._target_": "mlp"}
    points = [("validation/loss", lr * step, step) for step in (10, 20)] + [
        ("train/loss", 0.5, 20),
        ("system/cpu", lr, 7),
    ]
    return [
        {"kind": "tag", "name": "accelerator.parent", "value": "run-cccccc"},
        {"kind": "tag", "name": "choice.debug", "value": "fast" if lr < 0.01 else "none"},
        *({"kind": "parameter", "name": name, "value": value} for name, value in settings.items()),
        *(
            {"kind": "metric", "name": name, "value": value, "step": step, "epoch": 1, "time": START + step}
            for name, value, step in points
        ),
    ]


def test_runs_of_a_store_are_rows_oldest_first(project: Project) -> None:
    first, second = list_runs(project, tracking="mlflow")

    assert (first.name, first.run_id, first.status, second.status) == ("digits", "run-aaaaaa", "completed", "failed")
    assert first.metrics == {"validation/loss": 2.0, "train/loss": 0.5}
    assert (first.run_folder, first.size_bytes, first.parent) == (None, None, "run-cccccc")
    assert dict(first.config())["train.clip_norm"] is None and first.config()["loader.shuffle"] is True


def test_they_are_chosen_and_sorted_like_run_folders(project: Project) -> None:
    address = f"sqlite:///{project.root}/mlflow.db"

    assert [row.run_id for row in list_runs(project, where="optimizer.lr<0.01", tracking=address)] == ["run-bbbbbb"]
    assert [row.run_id for row in list_runs(project, sort="validation/loss", tracking=address)][0] == "run-bbbbbb"


def test_a_value_that_a_resume_changed_is_the_one_that_counts(tmp_path: Path) -> None:
    sink = MLflowSink()
    sink.open(TrackedRun("run-aaaaaa", "digits", tmp_path, tmp_path, START))
    for epochs in (2, 4):
        sink.send([{"kind": "parameter", "name": "train.epochs", "value": epochs}])
    sink.close("completed")

    (row,) = list_runs(Project(tmp_path), where="train.epochs==4", tracking="mlflow")
    assert row.config()["train.epochs"] == 4


def test_they_are_compared_with_causes_and_results(project: Project) -> None:
    found = compare(["aaaaaa", "last"], tracking="mlflow", project=project).comparison

    rows = {(item.cause, item.key): item.values for item in found.differences}
    assert rows["overrides", "optimizer.lr"] == (0.1, 0.001)
    assert rows["choices", "debug"] == ("none", "fast")
    assert rows["result", "status"] == ("completed", "failed")
    assert rows["result", "step"] == (20, 20)
    assert found.notes == tuple(
        f"mlflow: {name}/environment.json is not there: what it would tell is not compared." for name in found.runs
    )


def test_runs_of_one_name_are_told_apart_by_their_ids(with_store: Path, client: MlflowClient) -> None:
    experiment = client.create_experiment("of another")
    ids = tuple(client.create_run(experiment, run_name="baseline").info.run_id for _ in range(2))

    assert compare(ids, tracking="mlflow", project=Project(with_store)).comparison.runs == ids


def test_their_curves_are_drawn(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "a.svg"

    names = ("validation/loss", "system/cpu")
    compare(["aaaaaa", "bbbbbb"], curves=",".join(names), output=str(file), tracking="mlflow", project=project)

    assert [name for name in ("run-aaaaaa", "run-bbbbbb", *names) if name not in file.read_text()] == []


def test_a_run_that_the_store_has_not_is_named_with_the_nearest(project: Project) -> None:
    with pytest.raises(RunNotFoundError, match="--tracking mlflow has no run.*Did you mean 'run-aaaaaa'"):
        compare(["run-aaaaab", "last"], tracking="mlflow", project=project)


def test_a_login_that_is_refused_is_told_with_the_variables_to_set(project: Project) -> None:
    with FaultyProxy("http://nobody").running() as proxy:
        proxy.fault = 401
        with pytest.raises(InputError, match="refuses the login .UNAUTHENTICATED.. Put name .* MLFLOW_TRACKING_TOKEN;"):
            list_runs(project, tracking=proxy.address)


@pytest.mark.parametrize(
    ("tracking", "message"),
    [
        ("sqlite:///absent.db", "there is no store .*absent.db"),
        ("mlfow", "is no address of a store"),
        (
            "http://127.0.0.1:9",
            r"http://127.0.0.1:9 does not answer: \[Errno 111\] Connection refused. Start the server, or correct",
        ),
        ("sqlite:///notes.txt", "notes.txt cannot be used: file is not a database. See that it is a store of MLflow's"),
        ("mysql://me:secret@127.0.0.1:9/runs", r"^--tracking mysql://\*\*\*@127.0.0.1:9/runs: mysql://\*\*\*@127"),
    ],
)
def test_a_store_that_cannot_be_read_is_told(tracking: str, message: str, project: Project) -> None:
    (project.root / "notes.txt").write_text("to be done: " * 20)
    with pytest.raises(InputError, match=message):
        list_runs(project, tracking=tracking)
