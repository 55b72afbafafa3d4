"""What is used of Hydra's inside."""

import pytest
from hydra.utils import instantiate

from accelerator.config.hydra_api import (
    ConfigFolders,
    find_syntax_error,
    instantiate_options,
)
from accelerator.config.project import ConfigSource, shipped_configs

OURS = ConfigFolders([ConfigSource("accelerator", shipped_configs())])


def test_groups_and_options_are_listed() -> None:
    assert "model" in OURS.groups() and "hydra" not in OURS.groups()
    assert OURS.options("model") == ["mlp", "resnet18", "resnet8"]
    assert OURS.options("nothing") == [] and not OURS.has_group("")


@pytest.mark.parametrize(
    ("text", "key", "group", "value", "sign"),
    [
        ("model=mlp", "model", "model", "mlp", ""),
        ("transform@transform.train=[a]", "transform.train", "transform", ["a"], ""),
        ("+optimizer.lr=0.1", "optimizer.lr", "", 0.1, "+"),
        ("~model", "model", "model", None, "~"),
        ("++seed=1", "seed", "", 1, "++"),
        ("model={a: 1}", "model", "", {"a": 1}, ""),
    ],
)
def test_an_override_chooses_or_sets(text: str, key: str, group: str, value: object, sign: str) -> None:
    (found,) = OURS.parse([text])

    assert (found.text, found.key, found.group, found.value, found.sign) == (text, key, group, value, sign)


def test_several_values_are_told() -> None:
    assert [item.is_sweep for item in OURS.parse(["seed=1,2", "model=mlp,resnet8", "seed=1"])] == [True, True, False]


@pytest.mark.parametrize(
    ("override", "place"),
    [("seed=1", None), ("a==b", (2, "=")), ("loss=[a,b", (9, "")), ("x y=3", (1, " ")), ("name=a:b{", (8, "{"))],
)
def test_the_place_of_a_syntax_error_is_found(override: str, place: tuple[int, str] | None) -> None:
    assert find_syntax_error(override) == place


def test_hydra_calls_what_it_is_allowed_to() -> None:
    assert (
        instantiate({"_target_": "fractions.Fraction", "_args_": [3]}, **instantiate_options(["fractions.Fraction"]))
        == 3
    )
