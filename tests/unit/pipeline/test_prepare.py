"""Steps made ready: what is wrong with any of them is told before anything runs."""

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, InputError
from accelerator.pipeline.plan_pipeline import plan_pipeline
from tests.unit.pipeline.conftest import Steps

WRONG = """
steps:
  pretrain:
    experiment: digits_resnet
    inputs: {weigths: model.safetensors}
  finetune: {experiment: digits_resnet, overrides: [optimizer.lrr=1]}
"""


def test_the_problems_of_all_steps_are_told_at_once_with_their_step_or_line(steps: Steps) -> None:
    steps.write("configs/pipeline/sums.yaml", WRONG)

    with pytest.raises(ConfigError) as caught:
        steps.plan()

    unknown, override = map(str, caught.value.problems)
    assert unknown == (
        "steps.pretrain.inputs.weigths (configs/pipeline/sums.yaml:5): the experiment 'digits_resnet' has no such key. "
        "Did you mean 'weights'? An input sets one. Correct it, or add that key to the experiment."
    )
    assert override.startswith("finetune:optimizer.lrr (configs/pipeline/sums.yaml:6): there is no such key.")


OF_A_COMPONENT = """
steps:
  look: {step: {_target_: analyze_model, overrides: [experiment=digits_resnet, model.widht=8]}}
  pretrain: {step: {_target_: train, overrides: [experiment=digits_resnet, train.epochs=-1]}}
"""


def test_what_a_component_composes_is_checked_as_an_experiment_is(steps: Steps) -> None:
    steps.write("configs/pipeline/sums.yaml", OF_A_COMPONENT)

    with pytest.raises(ConfigError) as caught:
        steps.plan()

    look, pretrain = map(str, caught.value.problems)
    assert look.startswith("look:model.widht (configs/pipeline/sums.yaml:3): there is no such key.")
    assert pretrain.startswith("pretrain:train.epochs = -1 (configs/pipeline/sums.yaml:4): must be")


def test_a_pipeline_without_a_step_is_said_to_have_none(steps: Steps) -> None:
    steps.write("configs/pipeline/sums.yaml", "name: sums\nsteps: {}\n")

    with pytest.raises(ConfigError) as caught:
        steps.plan()

    text = "steps (configs/pipeline/sums.yaml:2): there is none yet. Write one: a_name: {experiment: NAME}."
    assert str(caught.value) == text


OVERRIDES = [
    ("pipeline.paralel=2", "pipeline.paralel (command line): there is no such key. Did you mean 'pipeline.parallel'?"),
    ("pipeline.parallel=x", "pipeline.parallel = 'x' (command line): must be a whole number of at least 1."),
    (
        "pipeline.steps.sum.retires=1",
        "(command line): there is no such key. Did you mean 'pipeline.steps.sum.retries'?",
    ),
    ("+pipeline.steps.sum.launch={processes:0}", "Write for example pipeline.steps.sum.launch.processes=1."),
    ("first:scael=2", "first:scael (command line): my_steps.Table has no argument 'scael'. Did you mean 'scale'?"),
    ("first:scale=two", "first:scale (command line): my_steps.Table takes float as 'scale', not 'two'."),
    ("~second:scael", "second:scael (command line): there is no such key."),
    (
        "~second:scale=3.0",
        "second:scale (command line): holds 2.0, and not what is to be removed. Write ~second:scale.",
    ),
    ("parallel=2", "parallel=2: is a key of the pipeline. Write pipeline.parallel=2."),
    ("+steps.sum.retries=1", "+steps.sum.retries=1: is a key of the pipeline. Write +pipeline.steps.sum.retries=1."),
    ("pipeline.steps.sum.overrides=[a=1]", "the override 'pipeline.steps.sum.overrides=[a=1]' cannot be read"),
]


@pytest.mark.parametrize(("override", "text"), OVERRIDES)
def test_what_is_wrong_with_an_override_is_said_in_the_form_that_it_was_typed_in(
    steps: Steps, override: str, text: str
) -> None:
    with pytest.raises(InputError) as caught:
        steps.plan(override)

    assert text in str(caught.value)


def test_a_command_may_add_a_step_and_name_its_pipeline_twice(steps: Steps) -> None:
    found = steps.plan("+pipeline.steps.more={step:total,inputs:{table:data/numbers.txt}}", "pipeline=sums")

    assert found[-1] == ("more", "run", "it has not been run yet")


def test_a_secret_of_the_command_is_told_without_telling_it(steps: Steps) -> None:
    with pytest.raises(ConfigError) as caught:
        steps.plan("++first:token=hunter2")

    assert str(caught.value).startswith("first:token (command line): ")
    assert "is a secret in clear" in str(caught.value) and "hunter2" not in str(caught.value)


def test_a_pipeline_may_lie_in_a_subfolder_and_is_called_by_both_names(steps: Steps) -> None:
    steps.write("configs/pipeline/vision/small.yaml", "steps: {sum: {step: total}}\n")

    planned = plan_pipeline("vision/small", project=Project(steps.root))

    assert planned.pipeline.name == "vision_small"


def test_an_argument_of_a_component_can_be_taken_away(steps: Steps) -> None:
    steps.run(until="second")

    assert steps.plan("~second:scale", until="second")[1] == ("second", "run", "scale: gone, was 2.0")


@pytest.mark.parametrize("key", ["step", "launch", "inputs", "retries"])
def test_what_cannot_be_resolved_is_told_with_its_line_wherever_it_stands(steps: Steps, key: str) -> None:
    steps.write("configs/pipeline/sums.yaml", f"steps:\n  sum: {{experiment: digits_resnet, {key}: '${{nope}}'}}\n")

    with pytest.raises(ConfigError, match=rf"^steps.sum.{key} \(configs/pipeline/sums.yaml:2\): cannot be resolved"):
        steps.plan()
