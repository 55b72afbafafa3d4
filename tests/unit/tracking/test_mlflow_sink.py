"""The sink against a real SQLite store, read back with MLflow's own client."""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.data import get_source
from mlflow.data.schema import TensorDatasetSchema

from accelerator.config.project import Project
from accelerator.runs.datasets import DatasetFacts, Field, datasets_to_json
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import read_summary
from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import SinkError, TrackedRun
from accelerator.tracking.where_to_look import open_command
from tests.tracked_project import MLFLOW, carry, end_run, make_project, make_run, point, write_journal

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that MLflow made, to be copied: making one takes seconds."""
    root = make_project(tmp_path_factory.mktemp("template"))
    MLflowSink().open(TrackedRun("first", "template", root, root, 1.0))
    return root / "mlflow.db"


@pytest.fixture
def tracked(tmp_path: Path, template: Path) -> Path:
    root = make_project(tmp_path / "a project")
    shutil.copy(template, root / "mlflow.db")
    return root


@pytest.fixture
def client(tracked: Path) -> Iterator[MlflowClient]:
    yield MlflowClient(f"sqlite:///{tracked}/mlflow.db")


def opened(project: Path, run_id: str = "20261123-101500-3fa2b1", **values: Any) -> tuple[MLflowSink, dict[str, str]]:
    sink = MLflowSink()
    folder = project / "outputs" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    return sink, dict(sink.open(TrackedRun(run_id, "digits", folder, project, 1732352460.0, **values)))


def history(client: MlflowClient, run_id: str, name: str) -> list[tuple[int, float, int]]:
    return [(item.step, item.value, item.timestamp) for item in client.get_metric_history(run_id, name)]


def test_a_run_is_created_with_name_tags_and_artifacts_at_the_project(tracked: Path, client: MlflowClient) -> None:
    environment = {"command": "accelerator experiment train", "git": {"commit": "abc"}}
    _, target = opened(tracked, environment=environment)
    run = client.get_run(target["run_id"])

    assert target["tracking_uri"] == f"sqlite:///{tracked}/mlflow.db"
    assert target["experiment"] == "digits"
    assert (run.info.run_name, run.info.status, run.info.start_time) == (
        "20261123-101500-3fa2b1",
        "RUNNING",
        1732352460000,
    )
    assert run.data.tags["accelerator.run_id"] == "20261123-101500-3fa2b1"
    assert run.data.tags["mlflow.source.name"] == "accelerator experiment train"
    assert run.data.tags["mlflow.source.git.commit"] == "abc"
    assert run.info.artifact_uri.startswith((tracked / "mlartifacts" / "digits").as_uri())


def test_a_run_is_found_again_by_its_tag_before_one_is_created(tracked: Path) -> None:
    assert opened(tracked)[1]["run_id"] == opened(tracked)[1]["run_id"]
    assert opened(tracked, "john's best")[1]["run_id"] == opened(tracked, "john's best")[1]["run_id"]


def test_a_remembered_run_that_was_made_for_another_is_left_alone(tracked: Path, client: MlflowClient) -> None:
    """`tracking.json` may come from a stranger: it would have the journal written into a run of the user's own."""
    _, mine = opened(tracked, "20261123-101500-000001")
    sink, target = opened(tracked, "20261123-101500-000002", target=mine)
    sink.send([{"kind": "tag", "name": "accelerator.run_id", "value": "20261123-101500-000001"}, point(1)])
    sink.close("failed")

    assert target["run_id"] != mine["run_id"]
    assert client.get_run(mine["run_id"]).info.status == "RUNNING"
    assert client.get_run(mine["run_id"]).data.metrics == {}
    assert client.get_run(target["run_id"]).data.tags["accelerator.run_id"] == "20261123-101500-000002"


def test_an_environment_of_anything_hinders_nothing(tracked: Path) -> None:
    assert opened(tracked, environment={"git": 3, "command": ["x"]})[1]["run_id"]


def test_the_same_batch_sent_twice_is_stored_once(tracked: Path, client: MlflowClient) -> None:
    records = [point(step, 1 / step) for step in range(1, 1501)]
    sink, target = opened(tracked)
    sink.send(records)
    sink, target = opened(tracked, target=target)
    sink.send(records)

    assert history(client, target["run_id"], "train/loss") == [
        (step, 1 / step, 1732352460000 + 1000 * step) for step in range(1, 1501)
    ]


def test_an_epoch_is_a_point_at_its_first_step_also_after_a_second_sending(tracked: Path, client: MlflowClient) -> None:
    records = [{**point(step), "epoch": (step - 1) // 3} for step in range(1, 8)]
    sink, target = opened(tracked)
    sink.send(records[:5])
    sink, target = opened(tracked, target=target)
    sink.send(records[:5])
    sink.send(records[5:])

    assert [(step, value) for step, value, _ in history(client, target["run_id"], "epoch")] == [(1, 0), (4, 1), (7, 2)]


def test_numbers_that_are_not_finite_arrive(tracked: Path, client: MlflowClient) -> None:
    sink, target = opened(tracked)
    refused = sink.send([point(1, math.nan), point(2, math.inf), point(3, -math.inf)])
    values = [value for _, value, _ in history(client, target["run_id"], "train/loss")]

    assert refused == 0
    assert math.isnan(values[0])
    assert values[1] > 1e308 and values[2] < -1e308  # MLflow stores the largest number for an infinite one


def test_long_and_many_parameters_arrive_whole(tracked: Path, client: MlflowClient) -> None:
    sink, target = opened(tracked)
    records = [{"kind": "parameter", "name": f"p{index}", "value": index} for index in range(250)]
    records.append({"kind": "parameter", "name": "long", "value": "é" * 6001})
    refused = sink.send(records) + sink.send(records)
    run = client.get_run(target["run_id"])
    artifact = run.data.params["long"].removeprefix("6001 characters, see the artifact ")

    assert refused == 0
    assert {name: value for name, value in run.data.params.items() if name != "long"} == {
        f"p{index}": str(index) for index in range(250)
    }
    assert Path(client.download_artifacts(target["run_id"], artifact)).read_text(encoding="utf-8") == "é" * 6001
    assert not any(name.startswith("changed.") for name in run.data.tags)


def test_a_parameter_that_changed_becomes_a_tag(tracked: Path, client: MlflowClient) -> None:
    sink, target = opened(tracked)
    sink.send([{"kind": "parameter", "name": "train.epochs", "value": 10}])
    sink, target = opened(tracked, target=target)
    sink.send([{"kind": "parameter", "name": "train.epochs", "value": 20}])
    run = client.get_run(target["run_id"])

    assert run.data.params == {"train.epochs": "10"}
    assert run.data.tags["changed.train.epochs"] == "20"


def test_tags_and_files_arrive(tracked: Path, client: MlflowClient) -> None:
    sink, target = opened(tracked)
    folder = tracked / "outputs" / "20261123-101500-3fa2b1"
    (folder / "plots").mkdir()
    (folder / "plots" / "a.txt").write_text("picture")
    refused = sink.send(
        [
            {"kind": "tag", "name": "long", "value": "x" * 9000},
            {"kind": "tag", "name": "note", "value": "with a *warmer* start"},
            {"kind": "artifact", "name": "plots/a.txt", "path": "plots/a.txt"},
            {"kind": "artifact", "name": "gone", "path": "gone.txt"},
            {"kind": "artifact", "name": "outside", "path": "../../pyproject.toml"},
        ]
    )

    assert refused == 2
    tags = client.get_run(target["run_id"]).data.tags
    artifact = tags["long"].removeprefix("9000 characters, see the artifact ")
    assert Path(client.download_artifacts(target["run_id"], artifact)).read_text() == "x" * 9000
    assert tags["note"] == tags["mlflow.note.content"] == "with a *warmer* start"
    assert [item.path for item in client.list_artifacts(target["run_id"], "plots")] == ["plots/a.txt"]


def test_data_sets_are_inputs_with_their_contexts_once(tracked: Path, client: MlflowClient) -> None:
    sink, target = opened(tracked)
    folder = RunFolder(tracked / "outputs" / "20261123-101500-3fa2b1")
    folder.journal.mkdir()
    folder.config.write_text("data: {_target_: digits}\n")
    fields = [Field("input", "float32", [1, 8, 8]), Field("target", "int64", []), Field("text", "str", None)]
    facts = [
        DatasetFacts("train", "", 70, fields, "aa" * 16, 70),
        DatasetFacts("validation", "easy", 10, fields, "bb" * 16, 10),
        DatasetFacts("test", "", 10, fields, "bb" * 16, 10),
        DatasetFacts("test", "stream", None, [], None, 0),
    ]
    folder.datasets.write_text(json.dumps(datasets_to_json(facts)))
    record = {"kind": "artifact", "name": "datasets.json", "path": "datasets.json", "time": 2.0}
    refused = [sink.send([record]), sink.send([record])]
    inputs = {item.tags[0].value: item.dataset for item in client.get_run(target["run_id"]).inputs.dataset_inputs}
    spec = TensorDatasetSchema.from_dict(json.loads(inputs["train"].schema or ""))

    assert refused == [0, 0]
    assert set(inputs) == {"train", "validation/easy, test", "test/stream"}
    assert (inputs["train"].name, inputs["train"].digest) == ("digits", "aa" * 16)
    assert json.loads(inputs["train"].profile or "") == {"num_rows": 70, "samples_in_digest": 70}
    assert [(item.name, item.shape) for item in spec.features.inputs] == [("input", (-1, 1, 8, 8)), ("text", (-1,))]
    assert spec.targets.inputs[0].type == np.dtype("int64")
    assert "digits" in get_source(inputs["train"]).to_json()


@pytest.mark.parametrize("text", ["{}", '{"datasets": [{"split": "a"}]}'])
def test_a_damaged_description_of_the_data_holds_nothing_up(
    tracked: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    sink, _ = opened(tracked)
    folder = RunFolder(tracked / "outputs" / "20261123-101500-3fa2b1")
    folder.journal.mkdir()
    folder.config.write_text("data: {_target_: digits}\n")
    folder.datasets.write_text(text)
    record = {"kind": "artifact", "name": "datasets.json", "path": "datasets.json"}

    assert sink.send([record]) == 1
    assert "MLflow is not told of the data: " in caplog.text


def test_a_value_that_mlflow_refuses_keeps_nothing_else_out(tracked: Path, client: MlflowClient) -> None:
    sink, target = opened(tracked)
    records = [point(1), {**point(2), "step": 2**70}, {**point(2), "time": -1.0}, point(3)]

    refused = sink.send(records)

    assert refused == 2
    assert [step for step, _, _ in history(client, target["run_id"], "train/loss")] == [1, 3]


@pytest.mark.parametrize(
    ("status", "stored"),
    [("completed", "FINISHED"), ("failed", "FAILED"), ("interrupted", "KILLED"), ("died", "KILLED")],
)
def test_each_end_has_its_status_and_the_time_of_the_last_record(
    tracked: Path, client: MlflowClient, status: str, stored: str
) -> None:
    sink, target = opened(tracked)
    sink.send([point(40)])
    sink.close(status)
    info = client.get_run(target["run_id"]).info

    assert (info.status, info.end_time) == (stored, 1732352500000)


def test_experiment_and_run_of_the_environment_are_honoured(
    tracked: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "elsewhere")
    by_name = opened(tracked, "first")[1]
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", client.get_experiment_by_name("template").experiment_id)
    by_id = opened(tracked, "second")[1]
    given = client.create_run("0", run_name="of mlflow run")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    by_run = opened(tracked, "third")[1]

    assert (by_name["experiment"], by_id["experiment"]) == ("elsewhere", "template")
    assert (by_run["experiment"], by_run["run_id"]) == ("Default", given.info.run_id)
    assert client.get_run(given.info.run_id).data.tags["accelerator.run_id"] == "third"


def test_a_run_stays_in_its_store_whatever_is_set_later(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = opened(tracked)[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    assert opened(tracked, target=target)[1] == target


def test_a_run_deleted_in_mlflow_is_made_anew(tracked: Path, client: MlflowClient) -> None:
    target = opened(tracked)[1]
    client.delete_run(target["run_id"])

    assert opened(tracked, target=target)[1]["run_id"] != target["run_id"]


def test_a_deleted_experiment_says_how_to_restore_it(tracked: Path, client: MlflowClient) -> None:
    opened(tracked)
    client.delete_experiment(client.get_experiment_by_name("digits").experiment_id)

    with pytest.raises(SinkError, match="experiment 'digits' was deleted. Restore it"):
        opened(tracked, "another")


def test_a_run_through_the_forwarder_is_read_back_by_mlflow(tracked: Path, client: MlflowClient) -> None:
    folder = make_run(tracked, MLFLOW)
    write_journal(folder, [point(1), point(2, 0.25)])
    end_run(folder)
    done = carry(folder, tracked)
    address = read_summary(RunFolder(folder.path)).mlflow

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert address is not None
    assert client.get_run(address["run_id"]).info.status == "FINISHED"
    assert client.get_run(address["run_id"]).data.metrics == {"train/loss": 0.25, "epoch": 1.0}
    assert open_command(folder, Project(tracked)) == f"mlflow ui --backend-store-uri 'sqlite:///{tracked}/mlflow.db'"


def test_a_policy_that_there_is_not_and_a_model_that_is_not_logged_are_refused() -> None:
    with pytest.raises(SinkError, match=r"tracking.checkpoints = 'lst'. Did you mean 'last'"):
        MLflowSink(checkpoints="lst")
    with pytest.raises(SinkError, match="tracking.register = 'digits': only a logged model can be registered"):
        MLflowSink(register="digits", log_model=False)


def test_a_second_run_in_the_environment_of_mlflow_run_becomes_a_child(
    tracked: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run(client.create_experiment("of mlflow run"))
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    first = opened(tracked, "first")[1]
    second = opened(tracked, "second")[1]
    again = opened(tracked, "first")[1]

    assert first["run_id"] == again["run_id"] == given.info.run_id
    assert second["experiment"] == "of mlflow run"
    assert client.get_run(second["run_id"]).data.tags["mlflow.parentRunId"] == given.info.run_id
    assert client.get_run(given.info.run_id).data.tags["accelerator.run_id"] == "first"


@pytest.mark.parametrize("known", [{}, {"MLFLOW_RUN_ID": "f" * 32}])
def test_a_run_that_was_started_elsewhere_does_not_take_the_run_of_this_environment(
    known: dict[str, str], tracked: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)

    target = opened(tracked, "sent later", environment={"mlflow": known})[1]

    assert target["run_id"] != given.info.run_id
    assert "accelerator.run_id" not in client.get_run(given.info.run_id).data.tags


def test_a_run_that_only_the_files_of_a_run_name_is_left_alone(tracked: Path, client: MlflowClient) -> None:
    """`environment.json` may come from a stranger: it would take over a run of the user's own."""
    mine = client.create_run("0").info.run_id

    target = opened(tracked, "strange", environment={"mlflow": {"MLFLOW_RUN_ID": mine}})[1]

    assert target["run_id"] != mine
    assert "mlflow.parentRunId" not in client.get_run(target["run_id"]).data.tags
    assert "accelerator.run_id" not in client.get_run(mine).data.tags


def test_of_two_that_take_a_run_in_the_same_moment_one_gets_it(
    tracked: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    client.log_param(given.info.run_id, "accelerator.run_id", "the other")  # its tag is not written yet

    found = client.get_run(opened(tracked, "late")[1]["run_id"])

    assert found.info.run_id != given.info.run_id
    assert found.data.tags["mlflow.parentRunId"] == given.info.run_id


def test_the_store_of_mlflow_run_goes_before_the_configured_one(
    tracked: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = client.create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tracked}/mlflow.db")
    run = TrackedRun("first", "digits", tracked, tracked, 1732352460.0)

    target = MLflowSink(tracking_uri="http://127.0.0.1:9").open(run)

    assert target["run_id"] == given.info.run_id
