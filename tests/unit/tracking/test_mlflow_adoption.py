"""What the sink makes of the environment that `mlflow run` gives: its experiment, its run, its store."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import TrackedRun
from tests.unit.tracking.opened_sink import opened

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


def test_experiment_and_run_of_the_environment_are_honoured(
    with_store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "elsewhere")
    by_name = opened(with_store, "first")[1]
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", client.get_experiment_by_name("template").experiment_id)
    by_id = opened(with_store, "second")[1]
    given = client.create_run("0", run_name="of mlflow run")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    by_run = opened(with_store, "third")[1]

    assert (by_name["experiment"], by_id["experiment"]) == ("elsewhere", "template")
    assert (by_run["experiment"], by_run["run_id"]) == ("Default", given.info.run_id)
    assert client.get_run(given.info.run_id).data.tags["accelerator.run_id"] == "third"


def test_a_second_run_in_the_environment_of_mlflow_run_becomes_a_child(
    with_store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run(client.create_experiment("of mlflow run"))
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    first = opened(with_store, "first")[1]
    second = opened(with_store, "second")[1]
    again = opened(with_store, "first")[1]

    assert first["run_id"] == again["run_id"] == given.info.run_id
    assert second["experiment"] == "of mlflow run"
    assert client.get_run(second["run_id"]).data.tags["mlflow.parentRunId"] == given.info.run_id
    assert client.get_run(given.info.run_id).data.tags["accelerator.run_id"] == "first"


@pytest.mark.parametrize("known", [{}, {"MLFLOW_RUN_ID": "f" * 32}])
def test_a_run_that_was_started_elsewhere_does_not_take_the_run_of_this_environment(
    known: dict[str, str], with_store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)

    target = opened(with_store, "sent later", environment={"mlflow": known})[1]

    assert target["run_id"] != given.info.run_id
    assert "accelerator.run_id" not in client.get_run(given.info.run_id).data.tags


def test_a_run_that_only_the_files_of_a_run_name_is_left_alone(with_store: Path, client: MlflowClient) -> None:
    """`environment.json` may come from a stranger: it would take over a run of the user's own."""
    mine = client.create_run("0").info.run_id

    target = opened(with_store, "strange", environment={"mlflow": {"MLFLOW_RUN_ID": mine}})[1]

    assert target["run_id"] != mine
    assert "mlflow.parentRunId" not in client.get_run(target["run_id"]).data.tags
    assert "accelerator.run_id" not in client.get_run(mine).data.tags


def test_of_two_that_take_a_run_in_the_same_moment_one_gets_it(
    with_store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    client.log_param(given.info.run_id, "accelerator.run_id", "the other")  # its tag is not written yet

    found = client.get_run(opened(with_store, "late")[1]["run_id"])

    assert found.info.run_id != given.info.run_id
    assert found.data.tags["mlflow.parentRunId"] == given.info.run_id


def test_the_store_of_mlflow_run_goes_before_the_configured_one(
    with_store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{with_store}/mlflow.db")
    run = TrackedRun("first", "digits", with_store, with_store, 1732352460.0)

    target = MLflowSink(tracking_uri="http://127.0.0.1:9").open(run)

    assert target["run_id"] == given.info.run_id


@pytest.mark.parametrize(("is_overwritten", "looks"), [(True, 1), (False, 4)])
def test_the_end_of_a_killed_run_is_written_again_over_that_of_mlflow_run(
    is_overwritten: bool, looks: int, with_store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", client.create_run("0").info.run_id)
    sink, target = opened(with_store)
    sink.send([{"kind": "metric", "name": "train/loss", "value": 0.5, "step": 1, "epoch": 0, "time": 1732352470.0}])
    sink.close("interrupted")
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        if is_overwritten:
            client.set_terminated(target["run_id"], "FAILED")
        waits.append(seconds)
        return len(waits) == 4

    was_seen_to = sink.guard("interrupted", wait)

    found = client.get_run(target["run_id"]).info
    assert (found.status, found.end_time, len(waits)) == ("KILLED", 1732352470000, looks)
    assert was_seen_to == is_overwritten


def test_the_end_of_a_run_that_nobody_gave_is_not_watched(with_store: Path) -> None:
    sink, _ = opened(with_store)
    sink.close("interrupted")
    waits: list[float] = []

    sink.guard("interrupted", lambda seconds: waits.append(seconds) is None)

    assert waits == []


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_end_that_an_exit_code_tells_of_is_not_watched(
    status: str, with_store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", client.create_run("0").info.run_id)
    sink, _ = opened(with_store)
    sink.close(status)
    waits: list[float] = []

    sink.guard(status, lambda seconds: waits.append(seconds) is None)

    assert waits == []
