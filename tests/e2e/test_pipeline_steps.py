"""The steps that ship, each in a process of its own, in one pipeline that shares a trained run."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from accelerator.config.project import Project
from accelerator.experiment.load_model import load_model
from accelerator.pipeline.plan_pipeline import plan_pipeline
from accelerator.pipeline.run_pipeline import run_pipeline
from accelerator.runs.run import Run

EXPERIMENT = """\
# @package _global_
defaults:
  - digits_resnet
  - override /model: mlp
  - override /tracking: none
  - _self_
model: {in_features: 64}
train: {epochs: 1}
"""
PIPELINE = """\
name: shipped
steps:
  data:
    step: {_target_: analyze_data, overrides: [experiment=quick]}
  model:
    step: {_target_: analyze_model, overrides: [experiment=quick]}
  train:
    step: {_target_: train, overrides: [experiment=quick]}
  measure:
    step: {_target_: evaluate, split: validation}
    inputs: {checkpoint: "${step_output:train.checkpoint.best}"}
  predict:
    step: predict
    inputs: {run: "${step_output:train.run}"}
  export:
    step: export
    inputs: {run: "${step_output:train.run}"}
  copy:
    step: {_target_: command, command: "cp {input:model} {output:copy}", outputs: {copy: copy.safetensors}}
    inputs: {model: "${step_output:export.model}"}
"""


@pytest.mark.timeout(300)
def test_all_steps_that_ship_run_in_one_pipeline_and_follow_the_configs_they_compose(project: Path) -> None:
    (project / "configs" / "pipeline").mkdir()
    (project / "configs" / "pipeline" / "shipped.yaml").write_text(PIPELINE)
    (project / "configs" / "experiment" / "quick.yaml").write_text(EXPERIMENT)
    root = Project(project)

    outcome = run_pipeline("shipped", ["pipeline.parallel=2"], project=root)
    planned = {item.step.name: item for item in plan_pipeline("shipped", project=root).decisions}
    (project / "configs" / "experiment" / "quick.yaml").write_text(EXPERIMENT.replace("epochs: 1", "epochs: 2"))
    changed = {item.step.name: item for item in plan_pipeline("shipped", project=root).decisions}

    assert (outcome.exit_code, {step.state for step in outcome.state.steps}) == (0, {"ran"})
    given = {step.name: step.outputs for step in outcome.state.steps}
    trained = Run(Path(given["train"]["run"].value))
    assert outcome.state.step("train").run_folder == str(trained.folder.path)
    assert Run(Path(given["measure"]["run"].value)).parent == trained.name
    assert pq.read_metadata(given["predict"]["predictions"].value).num_rows == 359
    assert (
        load_model(given["copy"]["copy"].value, project=project).state_dict().keys()
        == load_model(trained.folder.path, project=project).state_dict().keys()
    )
    assert json.loads(Path(given["data"]["analysis"].value).read_text())["leaks"]["count"] == 0
    assert json.loads(Path(given["model"]["analysis"].value).read_text())["parameters"] > 0
    assert {name for name, item in planned.items() if item.action != "skip"} == set()
    assert changed["train"].action == "run" and "train.epochs: 1 -> 2" in changed["train"].reason
