"""Predicting with runs."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.experiment.predict import predict
from accelerator.runs.run import Run


def test_the_predictions_are_those_that_the_runs_test_judged(
    trained: Project, trained_run: Run, tmp_path: Path
) -> None:
    lines: list[str] = []

    outcome = predict("last", output=tmp_path / "p.parquet", project=trained, say=lines.append)

    table = pq.read_table(tmp_path / "p.parquet")
    accuracy = accuracy_score(table["target"].to_pylist(), table["prediction"].to_pylist())
    assert accuracy == pytest.approx(trained_run.summary.metrics["test/accuracy"], abs=1e-6)
    assert table.column_names == ["index", "prediction", "probabilities", "target"]
    assert table["index"].to_pylist() == list(range(table.num_rows))
    assert sum(table["probabilities"][0].as_py()) == pytest.approx(1, abs=1e-5)
    assert (outcome.exit_code, outcome.summary.parent, outcome.summary.step) == (0, trained_run.name, 10)
    assert lines[-1] == f"Predictions of {table.num_rows} samples: {tmp_path / 'p.parquet'}"


def test_the_file_is_recorded_in_the_runs_journal(trained: Project, tmp_path: Path) -> None:
    outcome = predict("last", output=tmp_path / "p.parquet", split="validation", project=trained)

    lines = (outcome.folder.journal / "rank-0.jsonl").read_text().splitlines()
    (event,) = [record for record in map(json.loads, lines) if record["name"] == "predictions"]
    rows = pq.read_table(tmp_path / "p.parquet").num_rows
    assert (event["path"], event["rows"], event["split"]) == (str(tmp_path / "p.parquet"), rows, "validation")


def test_a_file_that_is_there_is_not_replaced(trained: Project, trained_run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.parquet").write_text("mine")

    with pytest.raises(InputError, match="exists already"):
        predict("last", output=tmp_path / "p.parquet", project=trained)
    assert (tmp_path / "p.parquet").read_text() == "mine"
    assert [path.name for path in trained_run.folder.path.parent.iterdir()] == [trained_run.name]


def test_a_failed_prediction_leaves_no_file(trained: Project, tmp_path: Path) -> None:
    (trained.root / "pyproject.toml").write_text('[project]\nname = "broken_prediction"\n')
    (trained.root / "broken_prediction.py").write_text(
        "from accelerator.domain.cross.tasks import ClassificationTask\n\n\n"
        "class Broken(ClassificationTask):\n"
        "    def prediction_step(self, context, batch):\n"
        "        return {'score': 1.0}\n"
    )

    outcome = predict(
        "last", ["task._target_=broken_prediction.Broken"], output=tmp_path / "p.parquet", project=trained
    )

    assert outcome.exit_code == 2  # a component that breaks its contract is wrong input
    assert "prediction_step: 'score' has a single value" in outcome.reason
    assert not list(tmp_path.glob("*p.parquet*"))


def test_a_file_named_as_something_else_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    message = r"^--output p\.csv: predictions are written as Parquet\. Name a file such as p\.parquet\.$"

    with pytest.raises(InputError, match=message):
        predict("last", output="p.csv", project=Project(tmp_path))
