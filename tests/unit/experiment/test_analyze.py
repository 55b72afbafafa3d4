"""Analyses as runs of their own."""

import json
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.experiment.analyze_data import analyze_data
from accelerator.experiment.analyze_model import analyze_model
from accelerator.runs.datasets import read_datasets
from accelerator.runs.run import Run
from tests.unit.experiment.conftest import QUICK

CONFIG = (*QUICK, "model.in_features=64")


def test_the_data_is_described_in_a_run_folder_of_its_own(tmp_path: Path) -> None:
    lines: list[str] = []

    outcome = analyze_data(CONFIG, project=Project(tmp_path), say=lines.append)

    content = json.loads((outcome.folder.analysis / "data.json").read_text())
    assert content["samples"]["count"] == 1797
    assert {content[kind]["count"] for kind in ("leaks", "duplicates", "label_conflicts", "non_finite")} == {0}
    assert (outcome.folder.analysis / "data.html").read_text().startswith("<!doctype html>")
    assert outcome.summary.status == "completed"
    assert outcome.summary.metrics["data/samples"] == 1797
    assert lines[1:] == ["Nothing is wrong with it", f"The page: {outcome.folder.analysis / 'data.html'}"]


def test_the_model_is_measured_on_a_real_batch(tmp_path: Path) -> None:
    outcome = analyze_model(CONFIG, project=Project(tmp_path))

    content = json.loads((outcome.folder.analysis / "model.json").read_text())
    modules = {item["name"]: item for item in content["modules"]}
    assert content["batch_size"] == 179  # the validation images, fewer than a batch
    assert content["parameters"] == sum(item["parameters"] for item in modules.values() if item["is_leaf"])
    assert outcome.summary.metrics["model/flops"] == content["flops"] > 0


def test_files_go_to_the_tracker_as_artifacts(tmp_path: Path) -> None:
    outcome = analyze_model(CONFIG, project=Project(tmp_path))

    lines = (outcome.folder.journal / "rank-0.jsonl").read_text().splitlines()
    kept = [
        record["path"] for record in map(json.loads, lines) if record["kind"] == "artifact" and "/" in record["path"]
    ]
    assert kept == ["analysis/model.json", "analysis/model.html"]
    (point,) = Run(outcome.folder.path).points("model/parameters")
    assert point["value"] == outcome.summary.metrics["model/parameters"]


def test_the_sets_that_an_analysis_reads_are_inputs_of_its_run(tmp_path: Path) -> None:
    outcome = analyze_data([*CONFIG, "tracking=tensorboard"], project=Project(tmp_path))

    assert [item.split for item in read_datasets(outcome.folder)] == ["train", "validation", "test"]


def test_an_analysis_has_no_checkpoint_to_resume(tmp_path: Path) -> None:
    outcome = analyze_model(CONFIG, project=Project(tmp_path))

    assert not outcome.folder.checkpoints.exists() or not list(outcome.folder.checkpoints.iterdir())


def test_a_wrong_config_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="optimizer"):
        analyze_data([*CONFIG, "optimizer.lrr=1"], project=Project(tmp_path))
    assert not (tmp_path / "outputs").exists()
