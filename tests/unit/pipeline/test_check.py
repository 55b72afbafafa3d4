"""Pipelines are checked as they would be run: their own form, and what each step composes."""

import pytest

from accelerator.config.project import Project
from accelerator.errors import UsageError
from accelerator.pipeline.check import check
from tests.unit.pipeline.conftest import Steps

WRONG = """
steps:
  pretrain: {experiment: digits_resnet, overrides: [trian.epochs=1]}
  look: {step: {_target_: analyze_model, overrides: [experiment=digits_resnet, seed=-1]}}
"""
CIRCLE = """
steps:
  first: {step: count, inputs: {n: "${step_output:second.value}"}}
  second: {step: cuont, inputs: {n: "${step_output:first.value}"}}
"""


def problems(steps: Steps, *overrides: str, every: bool = False) -> dict[str, list[str]]:
    found = check(overrides, project=Project(steps.root), every=every)
    return {item.name: [str(problem) for problem in item.problems] for item in found}


def test_each_pipeline_is_told_with_what_its_steps_compose(steps: Steps) -> None:
    steps.write("configs/pipeline/wrong.yaml", WRONG)
    steps.write("configs/pipeline/circle.yaml", CIRCLE)

    found = problems(steps, every=True)

    assert found["experiment/digits_resnet"] == found["pipeline/sums"] == []
    pretrain, look = found["pipeline/wrong"]
    assert pretrain.startswith("pretrain:trian.epochs (configs/pipeline/wrong.yaml:3): there is no such key.")
    assert look.startswith("look:seed = -1 (configs/pipeline/wrong.yaml:4): must be at least 0")
    assert [text.partition(" ")[0] for text in found["pipeline/circle"]][:1] == ["steps.first.step._target_"]


def test_a_pipeline_that_the_command_names_is_checked_with_its_overrides(steps: Steps) -> None:
    steps.write("configs/pipeline/two.yaml", "steps: {a: {experiment: digits_resnet}, b: {experiment: digits_resnet}}")

    assert problems(steps, "pipeline=two", "train.epochs=1") == {"": []}
    (wrong,) = problems(steps, "pipeline=two", "b:optimizer.lrr=1")[""]
    assert wrong.startswith("b:optimizer.lrr (command line): there is no such key. Did you mean 'optimizer.lr'?")
    (unknown,) = problems(steps, "pipeline=tow")[""]
    assert unknown.startswith("pipeline: there is no pipeline 'tow'. Did you mean 'two'?")


def test_checking_a_pipeline_writes_nothing(steps: Steps) -> None:
    before = sorted(steps.root.rglob("*"))

    check(["pipeline=sums"], project=Project(steps.root))

    assert sorted(steps.root.rglob("*")) == before


def test_no_pipeline_takes_one_step(steps: Steps) -> None:
    with pytest.raises(UsageError) as caught:
        check(["pipeline=sums"], project=Project(steps.root), dry_run=True)

    assert str(caught.value) == (
        "accelerator configure check: --dry_run takes a step of one experiment, and a pipeline has several. Leave it "
        "out, or see what would run with accelerator pipeline run NAME --plan."
    )
