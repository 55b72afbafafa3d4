"""Hydra's own keys of a node: what they may hold."""

import pytest

from accelerator.components import Registry
from accelerator.config.check import check_config
from tests.unit.config.conftest import Compose


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+model._partial_=maybe", "must be true or false"),
        ("+model._recursive_=3", "must be true or false"),
        ("+model._convert_=nope", "must be none, partial, object or all"),
        ("+model._args_=3", "must be a list: the arguments by position"),
        ("+optimizer._partial_=true", "leaves the optimizer unbuilt"),
        ("+optimizer._partial_=maybe", "must be true or false"),
    ],
)
def test_a_value_that_hydra_does_not_know_is_told_with_its_key(
    override: str, message: str, composed: Compose, registry: Registry
) -> None:
    (found,) = check_config(composed("experiment=digits_resnet", override), registry)

    assert found.key == override[1:].partition("=")[0]
    assert message in str(found)


@pytest.mark.parametrize(
    "override",
    ["+model._partial_=false", "+model._recursive_=true", "+model._convert_=all", "+model._convert_=${vars.a}"],
)
def test_what_hydra_knows_is_let_be(override: str, composed: Compose, registry: Registry) -> None:
    assert check_config(composed("experiment=digits_resnet", "+vars.a=all", override), registry) == []
