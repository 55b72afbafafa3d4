"""A server that goes away, is slow, errs, refuses the login or loses its answers. Nothing is lost, nothing double, and
whoever writes the journal waits for none of it.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from accelerator.runs.delivery import delivery, stop_forwarder
from accelerator.runs.folder import RunFolder
from tests.e2e.command import accelerator, clean_environment
from tests.faults.forwarding import QUICK, forwarder_of, going_on, run_of, steps_of
from tests.mlflow_server import FaultyProxy, MlflowServer
from tests.tracked_project import MLFLOW, end_run, make_project, make_run, point, wait_until, write_journal

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")

TRAINING = ("experiment=digits_resnet", "train.steps=2", "tracking.register=handwriting", "tracking.checkpoints=best")
LOAD_BACK = """
import mlflow, sys
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/handwriting@newest")
print(model.predict(model.input_example).shape)
"""


@pytest.fixture(scope="module")
def starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    server = MlflowServer(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def untold(starting: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return a whole training that could tell nobody of itself; the server starts meanwhile."""
    root = tmp_path_factory.mktemp("project")
    nobody = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    ended = accelerator("experiment", "train", *TRAINING, cwd=root, variables=nobody)
    folder = RunFolder(Path(ended.last_line))
    stop_forwarder(folder)  # it still tries
    return folder


@pytest.fixture(scope="module")
def server(starting: MlflowServer) -> MlflowServer:
    starting.wait()
    return starting


@pytest.fixture
def proxy(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")  # a tenth of ours, as all times here
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with FaultyProxy(server.address).running() as proxy:
        yield proxy


@pytest.fixture
def tracked(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def tracked_run(project: Path, address: str, name: str) -> RunFolder:
    return make_run(project, MLFLOW.replace("tracking_uri: null", f"tracking_uri: '{address}'"), name)


def test_answers_lost_at_every_request_leave_one_of_each_and_a_model_that_loads(
    untold: RunFolder, server: MlflowServer, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request is carried out and unheard of; so each is also what a forwarder killed behind it has left undone."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.address)
    folder = untold
    (folder.path / "report.html").write_text("the page")
    proxy.fault = "lose"
    forwarder_of(folder, folder.path.parents[2]).run(QUICK)
    client, run = MlflowClient(server.address), run_of(server.address, folder)
    models = client.search_logged_models([run.info.experiment_id])
    versions = client.search_model_versions("name = 'handwriting'")
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD_BACK, server.address],
        env=clean_environment(),
        cwd=folder.path.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    kept = {item.path for item in client.list_artifacts(run.info.run_id)}

    assert delivery(folder).is_complete
    assert len(proxy.requests) > 40
    assert run.info.status == "FINISHED"
    assert [item.step for item in client.get_metric_history(run.info.run_id, "test/accuracy")] == [2]
    assert [(item.name, str(item.status)) for item in models] == [("model", "READY")]
    assert [item.model_id for item in run.outputs.model_outputs] == [models[0].model_id]
    assert [item.version for item in versions] == [client.get_model_version_by_alias("handwriting", "newest").version]
    assert sorted(item.tags[0].value for item in run.inputs.dataset_inputs) == ["test", "train", "validation"]
    assert kept >= {"config.yaml", "environment.json", "datasets.json", "report.html", "checkpoints"}
    assert [item.path for item in client.list_artifacts(run.info.run_id, "checkpoints")] == [
        "checkpoints/best",
        "checkpoints/step-00000002",
    ]
    assert list(server.files.rglob("model.safetensors"))  # went through the server's proxy, not by the disk
    assert loaded.stdout == "(2, 10)\n", loaded.stderr


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (500, "does not answer: too many 500 error responses"),
        (503, "503"),
        (401, "Put name and password into MLFLOW_TRACKING_USERNAME and"),
        (403, "refuses the login (PERMISSION_DENIED)"),
        ("refuse", "does not answer: Remote end closed connection without response. Start the server"),
        (2.5, "does not answer: timed out"),
    ],
)
def test_a_server_that_errs_is_told_with_the_reason_and_gets_all_when_it_is_well(
    fault: int | float | str, reason: str, proxy: FaultyProxy, tracked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tracked_run(tracked, proxy.address, f"fault_{fault}")
    write_journal(folder, [point(step) for step in range(1, 6)])
    end_run(folder)
    proxy.fault = fault
    forwarder_of(folder, tracked).run(QUICK, is_single_try=True)
    failed = delivery(folder)
    proxy.fault = None
    forwarder_of(folder, tracked).run(QUICK)

    assert failed.unsent == 5
    assert failed.error is not None and reason in failed.error
    assert delivery(folder).is_complete and delivery(folder).error is None
    assert steps_of(proxy.address, folder) == [1, 2, 3, 4, 5]
    assert run_of(proxy.address, folder).info.status == "FINISHED"
    assert capsys.readouterr().out == ""  # MLflow would print the address, with the password that may stand in it


def test_a_server_that_goes_and_comes_back_in_the_middle_of_a_run_misses_nothing(
    proxy: FaultyProxy, tracked: Path
) -> None:
    folder = tracked_run(tracked, proxy.address, "away")
    with going_on(folder, tracked) as journal:
        journal.append([point(step) for step in range(1, 4)])
        wait_until(lambda: delivery(folder).sent == 3)
        proxy.fault = "refuse"
        journal.append([point(step) for step in range(4, 7)])
        wait_until(lambda: delivery(folder).error)
        proxy.fault = None
        wait_until(lambda: delivery(folder).sent == 6)
        journal.append([point(7)])

    assert steps_of(proxy.address, folder) == list(range(1, 8))
    assert run_of(proxy.address, folder).info.status == "FINISHED"


def test_a_slow_server_is_waited_for_by_the_forwarder_alone(proxy: FaultyProxy, tracked: Path) -> None:
    """A request takes half of the time that it may take: 10 s of 20 outside of tests."""
    folder = tracked_run(tracked, proxy.address, "slow")
    proxy.fault = 1.0
    with going_on(folder, tracked) as journal:
        for step in range(1, 101):
            journal.append([point(step)])
        wait_until(lambda: proxy.requests)
        sent_when_training_ended = delivery(folder).sent
        proxy.fault = 0.2

    assert sent_when_training_ended == 0
    assert delivery(folder).is_complete
    assert steps_of(proxy.address, folder) == list(range(1, 101))
