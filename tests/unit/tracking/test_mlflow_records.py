"""What becomes of records in a real SQLite store: metrics, parameters, tags, files and data sets."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.data import get_source
from mlflow.data.schema import TensorDatasetSchema

from accelerator.runs.datasets import DatasetFacts, Field, datasets_to_json
from accelerator.runs.family import run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import TrackedRun
from tests.tracked_project import point
from tests.unit.tracking.opened_sink import opened

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


def history(client: MlflowClient, run_id: str, name: str) -> list[tuple[int, float, int]]:
    return [(item.step, item.value, item.timestamp) for item in client.get_metric_history(run_id, name)]


def test_the_same_batch_sent_twice_is_stored_once(with_store: Path, client: MlflowClient) -> None:
    records = [point(step, 1 / step) for step in range(1, 1501)]
    sink, target = opened(with_store)
    sink.send(records)
    sink, target = opened(with_store, target=target)
    sink.send(records)

    assert history(client, target["run_id"], "train/loss") == [
        (step, 1 / step, 1732352460000 + 1000 * step) for step in range(1, 1501)
    ]


def test_an_epoch_is_a_point_at_its_first_step_also_after_a_second_sending(
    with_store: Path, client: MlflowClient
) -> None:
    records = [{**point(step), "epoch": (step - 1) // 3} for step in range(1, 8)]
    sink, target = opened(with_store)
    sink.send(records[:5])
    sink, target = opened(with_store, target=target)
    sink.send(records[:5])
    sink.send(records[5:])

    assert [(step, value) for step, value, _ in history(client, target["run_id"], "epoch")] == [(1, 0), (4, 1), (7, 2)]


def test_numbers_that_are_not_finite_arrive(with_store: Path, client: MlflowClient) -> None:
    sink, target = opened(with_store)
    refused = sink.send([point(1, math.nan), point(2, math.inf), point(3, -math.inf)])
    values = [value for _, value, _ in history(client, target["run_id"], "train/loss")]

    assert refused == 0
    assert math.isnan(values[0])
    assert values[1] > 1e308 and values[2] < -1e308  # MLflow stores the largest number for an infinite one


def test_long_and_many_parameters_arrive_whole(with_store: Path, client: MlflowClient) -> None:
    sink, target = opened(with_store)
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


def test_a_parameter_that_changed_becomes_a_tag(with_store: Path, client: MlflowClient) -> None:
    sink, target = opened(with_store)
    sink.send([{"kind": "parameter", "name": "train.epochs", "value": 10}])
    sink, target = opened(with_store, target=target)
    sink.send([{"kind": "parameter", "name": "train.epochs", "value": 20}])
    run = client.get_run(target["run_id"])

    assert run.data.params == {"train.epochs": "10"}
    assert run.data.tags["changed.train.epochs"] == "20"


def test_a_parameter_that_changed_back_is_told_too(with_store: Path, client: MlflowClient) -> None:
    sink, target = opened(with_store)
    for epochs in (10, 20, 10):
        sink.send([{"kind": "parameter", "name": "train.epochs", "value": epochs}])
        sink, target = opened(with_store, target=target)

    assert client.get_run(target["run_id"]).data.tags["changed.train.epochs"] == "10"


def test_tags_and_files_arrive(with_store: Path, client: MlflowClient) -> None:
    sink, target = opened(with_store)
    folder = with_store / "outputs" / "20261123-101500-3fa2b1"
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


def test_data_sets_are_inputs_with_their_contexts_once(with_store: Path, client: MlflowClient) -> None:
    sink, target = opened(with_store)
    folder = RunFolder(with_store / "outputs" / "20261123-101500-3fa2b1")
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
    with_store: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    sink, _ = opened(with_store)
    folder = RunFolder(with_store / "outputs" / "20261123-101500-3fa2b1")
    folder.journal.mkdir()
    folder.config.write_text("data: {_target_: digits}\n")
    folder.datasets.write_text(text)
    record = {"kind": "artifact", "name": "datasets.json", "path": "datasets.json"}

    assert sink.send([record]) == 1
    assert "MLflow is not told of the data: " in caplog.text


def test_a_value_that_mlflow_refuses_keeps_nothing_else_out(with_store: Path, client: MlflowClient) -> None:
    sink, target = opened(with_store)
    records = [point(1), {**point(2), "step": 2**70}, {**point(2), "time": -1.0}, point(3)]

    refused = sink.send(records)

    assert refused == 2
    assert [step for step, _, _ in history(client, target["run_id"], "train/loss")] == [1, 3]


@pytest.mark.parametrize(("is_whole", "said"), [(True, False), (False, True)])
def test_a_run_without_a_model_to_register_says_so_unless_it_is_that_of_a_pipeline(
    is_whole: bool, said: bool, with_store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = with_store / "outputs" / "pipelines" / "two" / "20261123-101500-3fa2b1"
    folder = run_of_folder(whole) if is_whole else RunFolder(whole)
    folder.journal.mkdir(parents=True)
    folder.config.write_text("name: two\n")
    sink = MLflowSink(register="handwriting")
    sink.open(TrackedRun(folder.run_id, "two", folder.path, with_store, 1.0))
    sink.close("completed")

    assert ("no version of handwriting: " in caplog.text) is said
