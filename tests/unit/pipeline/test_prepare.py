"""Steps made ready: what is wrong with any of them is told before anything runs."""

import pytest

from accelerator.errors import ConfigError
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
        "Did you mean 'weights'? An input sets one. Correct it."
    )
    assert override.startswith("finetune:optimizer.lrr (command line): there is no such key.")


def test_a_pipeline_without_a_step_is_said_to_have_none(steps: Steps) -> None:
    steps.write("configs/pipeline/sums.yaml", "name: sums\nsteps: {}\n")

    with pytest.raises(ConfigError) as caught:
        steps.plan()

    text = "steps (configs/pipeline/sums.yaml:2): there is none yet. Write one: a_name: {experiment: NAME}."
    assert str(caught.value) == text


def test_a_secret_of_the_command_is_told_without_telling_it(steps: Steps) -> None:
    with pytest.raises(ConfigError) as caught:
        steps.plan("++first:token=hunter2")

    assert str(caught.value).startswith("steps.first.step.token")
    assert "is a secret in clear" in str(caught.value) and "hunter2" not in str(caught.value)
