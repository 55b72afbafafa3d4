"""A list and a mapping replace each other, whichever came last."""

import pytest
from omegaconf import OmegaConf

from accelerator.config.replaced_values import drop_replaced
from tests.unit.config.conftest import Compose, Write


def test_a_mapping_in_an_experiment_replaces_a_list_of_a_group(composed: Compose, write: Write) -> None:
    write("experiment/x.yaml", "# @package _global_\ndefaults: [digits_resnet]\ntask: {inputs: {images: input}}\n")

    assert composed("experiment=x").task.inputs == {"images": "input"}


@pytest.mark.parametrize("override", ["task.inputs={images: input}", "task={inputs: {images: input}}"])
def test_a_mapping_on_the_command_line_replaces_a_list(composed: Compose, override: str) -> None:
    config = composed("experiment=digits_resnet", override)

    assert config.task == {"_target_": "classification", "inputs": {"images": "input"}}


def test_mappings_are_merged_and_interpolations_left_alone() -> None:
    earlier = OmegaConf.create({"a": {"b": [1], "c": 2}, "d": "${e}", "e": None})
    later = OmegaConf.create({"a": {"b": {"x": 1}}, "d": [3], "e": [4]})

    drop_replaced([earlier, later])

    assert OmegaConf.merge(earlier, later) == {"a": {"c": 2, "b": {"x": 1}}, "d": [3], "e": [4]}
