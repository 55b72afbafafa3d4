"""The sink against a real SQLite store, read back with MLflow's own client: which run it opens, and its end."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from accelerator.components import Registry
from accelerator.config.check import check_config
from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import read_summary
from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import SinkError
from accelerator.tracking.where_to_look import open_command
from tests.tracked_project import MLFLOW, carry, end_run, make_run, point, write_journal
from tests.unit.tracking.opened_sink import opened

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


def test_a_run_is_created_with_name_tags_and_artifacts_at_the_project(with_store: Path, client: MlflowClient) -> None:
    environment = {"command": "accelerator experiment train", "git": {"commit": "abc"}}
    _, target = opened(with_store, environment=environment)
    run = client.get_run(target["run_id"])

    assert target["tracking_uri"] == f"sqlite:///{with_store}/mlflow.db"
    assert target["experiment"] == "digits"
    assert (run.info.run_name, run.info.status, run.info.start_time) == (
        "20261123-101500-3fa2b1",
        "RUNNING",
        1732352460000,
    )
    assert run.data.tags["accelerator.run_id"] == "20261123-101500-3fa2b1"
    assert run.data.tags["mlflow.source.name"] == "accelerator experiment train"
    assert run.data.tags["mlflow.source.git.commit"] == "abc"
    assert run.info.artifact_uri.startswith((with_store / "mlartifacts" / "digits").as_uri())


def test_a_run_is_found_again_by_its_tag_before_one_is_created(with_store: Path) -> None:
    assert opened(with_store)[1]["run_id"] == opened(with_store)[1]["run_id"]
    assert opened(with_store, "john's best")[1]["run_id"] == opened(with_store, "john's best")[1]["run_id"]


def test_a_remembered_run_that_was_made_for_another_is_left_alone(with_store: Path, client: MlflowClient) -> None:
    """`tracking.json` may come from a stranger: it would have the journal written into a run of the user's own."""
    _, mine = opened(with_store, "20261123-101500-000001")
    sink, target = opened(with_store, "20261123-101500-000002", target=mine)
    sink.send([{"kind": "tag", "name": "accelerator.run_id", "value": "20261123-101500-000001"}, point(1)])
    sink.close("failed")

    assert target["run_id"] != mine["run_id"]
    assert client.get_run(mine["run_id"]).info.status == "RUNNING"
    assert client.get_run(mine["run_id"]).data.metrics == {}
    assert client.get_run(target["run_id"]).data.tags["accelerator.run_id"] == "20261123-101500-000002"


def test_a_file_that_cannot_be_used_as_a_store_is_told_without_a_statement_of_sql(with_store: Path) -> None:
    (with_store / "mlflow.db").write_text("to be done: " * 20)

    with pytest.raises(SinkError, match=r"mlflow\.db cannot be used: file is not a database\. See that .* written\.$"):
        opened(with_store)


def test_an_environment_of_anything_hinders_nothing(with_store: Path) -> None:
    assert opened(with_store, environment={"git": 3, "command": ["x"]})[1]["run_id"]


@pytest.mark.parametrize(
    ("status", "stored"),
    [("completed", "FINISHED"), ("failed", "FAILED"), ("interrupted", "KILLED"), ("died", "KILLED")],
)
def test_each_end_has_its_status_and_the_time_of_the_last_record(
    with_store: Path, client: MlflowClient, status: str, stored: str
) -> None:
    sink, target = opened(with_store)
    sink.send([point(40)])
    sink.close(status)
    info = client.get_run(target["run_id"]).info

    assert (info.status, info.end_time) == (stored, 1732352500000)


def test_a_run_stays_in_its_store_whatever_is_set_later(with_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = opened(with_store)[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    assert opened(with_store, target=target)[1] == target


def test_a_run_deleted_in_mlflow_is_made_anew(with_store: Path, client: MlflowClient) -> None:
    target = opened(with_store)[1]
    client.delete_run(target["run_id"])

    assert opened(with_store, target=target)[1]["run_id"] != target["run_id"]


def test_a_deleted_experiment_says_how_to_restore_it(with_store: Path, client: MlflowClient) -> None:
    opened(with_store)
    client.delete_experiment(client.get_experiment_by_name("digits").experiment_id)

    with pytest.raises(SinkError, match="experiment 'digits' was deleted. Restore it"):
        opened(with_store, "another")


def test_a_run_through_the_forwarder_is_read_back_by_mlflow(with_store: Path, client: MlflowClient) -> None:
    folder = make_run(with_store, MLFLOW)
    write_journal(folder, [point(1), point(2, 0.25)])
    end_run(folder)
    done = carry(folder, with_store)
    address = read_summary(RunFolder(folder.path)).mlflow

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert address is not None
    assert client.get_run(address["run_id"]).info.status == "FINISHED"
    assert client.get_run(address["run_id"]).data.metrics == {"train/loss": 0.25, "epoch": 1.0}
    assert (
        open_command(folder, Project(with_store)) == f"mlflow ui --backend-store-uri 'sqlite:///{with_store}/mlflow.db'"
    )


def test_a_policy_that_there_is_not_is_told_before_a_run(with_store: Path) -> None:
    project, registry = Project(with_store), Registry.discover(with_store)

    (found,) = check_config(
        compose(["experiment=digits_resnet", "tracking.checkpoints=lst"], project=project), registry
    )

    assert "'none' or 'best' or 'last' or 'all' as 'checkpoints', not 'lst'" in str(found)


def test_a_model_that_is_not_logged_is_not_registered() -> None:
    with pytest.raises(SinkError, match="tracking.register = 'digits': only a logged model can be registered"):
        MLflowSink(register="digits", log_model=False)
