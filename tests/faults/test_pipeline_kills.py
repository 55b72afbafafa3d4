"""All steps that ship in one pipeline, each in a process of its own; and one killed again and again: it ends alike."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from accelerator.config.project import Project
from accelerator.experiment.load_model import load_model
from accelerator.pipeline.ending import PipelineOutcome
from accelerator.pipeline.plan_pipeline import plan_pipeline
from accelerator.pipeline.run_pipeline import run_pipeline
from accelerator.runs.run import Run
from tests.faults.pipeline_kills import EXPERIMENT, MLFLOW_RUN, RUN_PIPE, make_project, results, run_killed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PipelineOutcome]:
    project = make_project(tmp_path_factory.mktemp("undisturbed") / "project")
    return project, run_pipeline("shipped", ["pipeline.parallel=2"], project=Project(project))


def test_all_steps_that_ship_run_in_one_pipeline_and_follow_the_configs_they_compose(
    undisturbed: tuple[Path, PipelineOutcome],
) -> None:
    project, outcome = undisturbed
    root = Project(project)

    planned = {item.step.name: item for item in plan_pipeline("shipped", project=root).decisions}
    (project / "configs" / "experiment" / "quick.yaml").write_text(EXPERIMENT.replace("epochs: 1", "epochs: 2"))
    changed = {item.step.name: item for item in plan_pipeline("shipped", project=root).decisions}

    assert (outcome.exit_code, {step.state for step in outcome.state.steps}) == (0, {"ran"})
    given = {step.name: step.outputs for step in outcome.state.steps}
    trained, tuned = (Run(Path(given[name]["run"].value)) for name in ("train", "tune"))
    assert outcome.state.step("train").run_folder == str(trained.folder.path)
    assert Run(Path(given["measure"]["run"].value)).parent == tuned.name
    assert pq.read_metadata(given["predict"]["predictions"].value).num_rows == 359
    assert (
        load_model(given["export"]["model"].value, project=project).state_dict().keys()
        == load_model(trained.folder.path, project=project).state_dict().keys()
    )
    assert json.loads(Path(given["data"]["analysis"].value).read_text())["leaks"]["count"] == 0
    assert json.loads(Path(given["model"]["analysis"].value).read_text())["parameters"] > 0
    assert {name for name, item in planned.items() if item.action != "skip"} == set()
    assert changed["train"].action == "run" and "train.epochs: 1 -> 2" in changed["train"].reason


def test_a_pipeline_killed_three_times_ends_as_an_undisturbed_one_also_by_way_of_mlflow(
    undisturbed: tuple[Path, PipelineOutcome], tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project")

    run_killed(project, 1, [RUN_PIPE, MLFLOW_RUN, RUN_PIPE, MLFLOW_RUN], span_s=5.0)

    assert results(project) == results(undisturbed[0])


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("seed", "form"), [(100, RUN_PIPE), (101, RUN_PIPE), (102, RUN_PIPE), (103, MLFLOW_RUN)])
def test_a_pipeline_killed_five_times_more_ends_as_an_undisturbed_one(
    undisturbed: tuple[Path, PipelineOutcome], tmp_path: Path, seed: int, form: Sequence[str]
) -> None:
    project = make_project(tmp_path / "project")

    run_killed(project, seed, [form] * 6, span_s=9.0)

    assert results(project) == results(undisturbed[0])
