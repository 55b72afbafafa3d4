"""What is written down for the process of a step."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.pipeline.inputs import Inputs
from accelerator.pipeline.plan_pipeline import Planned, plan_pipeline
from accelerator.pipeline.processes import Processes
from accelerator.pipeline.step_folder import StepFolder
from accelerator.pipeline.step_run import StepRunner, moved_inputs
from accelerator.runs.run import Run
from tests.unit.pipeline.conftest import Steps

TRAIN = """
steps:
  train:
    experiment: digits_resnet
    inputs: {tags: {of: [data/numbers.txt, 1]}, note: plain, data.root: ./data}
"""


@pytest.fixture
def planned(steps: Steps) -> Planned:
    steps.write("configs/pipeline/sums.yaml", TRAIN)
    return plan_pipeline("sums", project=Project(steps.root))


def test_inputs_of_an_experiment_stand_in_its_config_as_plain_values(planned: Planned, steps: Steps) -> None:
    runner = StepRunner("sums", Project(steps.root), (), planned.planner.cache, Processes())
    folder = StepFolder(steps.root / "step")
    (decision,) = planned.decisions

    runner.write_down(decision, folder)

    config = yaml.safe_load(folder.config.read_text())
    assert config["tags"] == {"of": [str(steps.root / "data/numbers.txt"), 1]}
    assert (config["note"], config["data"]["root"]) == ("plain", str(steps.root / "data"))
    assert config["paths"]["output"] == str(folder.runs)


def test_a_text_that_a_step_gave_is_never_an_interpolation_of_a_config(planned: Planned, tmp_path: Path) -> None:
    runner = StepRunner("sums", Project(tmp_path), (), planned.planner.cache, Processes())
    (decision,) = planned.decisions

    with pytest.raises(InputError) as caught:
        runner.write_down(
            replace(decision, inputs=Inputs({"tags": {"x": ["${seed}"]}}, ())), StepFolder(tmp_path / "s")
        )

    text = "steps.train.inputs.tags.x = '${seed}': holds '${', which a config would read as an interpolation. Have the"
    assert str(caught.value).startswith(text)


def test_a_step_that_was_begun_is_written_down_with_what_comes_in_now(planned: Planned, tmp_path: Path) -> None:
    runner = StepRunner("sums", Project(tmp_path), (), planned.planner.cache, Processes())
    folder = StepFolder(tmp_path / "step")
    (decision,) = planned.decisions
    runner.write_down(decision, folder)

    runner.write_down(replace(decision, inputs=Inputs({"weights": Path("/anew/best")}, ())), folder)

    assert yaml.safe_load(folder.config.read_text())["weights"] == "/anew/best"


def test_a_run_that_goes_on_is_told_where_its_inputs_lie_by_now(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("weights: /gone/best\ndata: {root: /data}\nseed: 1\n")
    (tmp_path / "summary.json").write_text("{}")
    inputs = Inputs({"weights": Path("/a'new/best"), "data.root": Path("/data"), "seed": 1}, ())

    assert moved_inputs(inputs, Run(tmp_path)) == ["weights='/a\\'new/best'"]
