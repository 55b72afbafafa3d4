"""Every experiment and pipeline is checked by itself; problems come as objects too."""

from pathlib import Path

from accelerator.config.project import Project
from accelerator.experiment.check import check

PIPELINE = """\
steps:
  first: {step: count, inputs: {values: ["${step_output:third.mean}"], file: data.csv}}
  second: {step: cuont, inputs: {values: ["${step_output:frist.count}", "${step_output:first.count}"]}}
"""


def test_each_experiment_and_pipeline_has_its_own_problems(tmp_path: Path) -> None:
    for name, text in {
        "experiment/x.yaml": "# @package _global_\ndefaults: [digits_resnet]\nseed: -1\n",
        "pipeline/p.yaml": PIPELINE,
    }.items():
        (tmp_path / "configs" / name).parent.mkdir(parents=True)
        (tmp_path / "configs" / name).write_text(text)
    (tmp_path / "counting.py").write_text("def count(inputs, step_context):\n    return {}\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\n[project.entry-points."accelerator.pipeline_step"]\ncount = "counting:count"\n'
    )

    found = {
        item.name: [problem.key for problem in item.problems]
        for item in check([], project=Project(tmp_path), every=True)
    }

    assert found["experiment/digits_resnet"] == [] and found["experiment/x"] == ["seed"]
    assert {"steps.second.step._target_", "steps.first.inputs.values[0]", "steps.second.inputs.values[0]"} <= set(
        found["pipeline/p"]
    )


def test_a_problem_names_the_override_it_came_from(tmp_path: Path) -> None:
    overrides = ["experiment=digits_resnet", "seed=-1"]
    (found,) = check(overrides, project=Project(tmp_path))

    (problem,) = found.to_json(overrides)
    assert (problem["key"], problem["value"], problem["override"]) == ("seed", "-1", "seed=-1")
