"""Every mistake is told by where, what came, what is allowed and what to do; doing that mends it."""

from typing import Any

import pytest

from accelerator.components import Registry
from accelerator.config.check import check_config
from accelerator.errors import ConfigError
from tests.unit.config.broken.case import Broken
from tests.unit.config.broken.command_lines import KEYS, NAMES
from tests.unit.config.broken.files import FILES
from tests.unit.config.broken.values import ARGUMENTS, RANGES, REFERENCES, TYPES

COMMANDS = [*NAMES, *KEYS, *RANGES, *TYPES, *ARGUMENTS, *REFERENCES]
Problems = Any


@pytest.fixture
def problems(composed: Any, registry: Registry) -> Problems:
    """What is wrong with a command line, as text; experiments are chosen by the command itself."""

    def problems_of(*overrides: str) -> list[str]:
        chosen = [] if overrides[0].startswith("experiment=") else ["experiment=digits_resnet"]
        try:
            return [str(item) for item in check_config(composed(*chosen, *overrides), registry)]
        except ConfigError as error:
            return [str(item) for item in error.problems]

    return problems_of


@pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case.given)
def test_a_broken_command_line_says_how_to_mend_it(case: Broken, problems: Problems) -> None:
    (message,) = problems(*case.given.split("  "))
    parts = (case.where, case.came, case.allowed, case.next)

    assert [part for part in parts if part not in message] == [], message
    assert problems(*case.mend(message).split("  ")) == []


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.came)
def test_a_broken_file_says_how_to_mend_it(case: Broken, problems: Problems, write: Any) -> None:
    write("experiment/x.yaml", case.given)
    (message,) = problems("experiment=x")
    parts = (case.where, case.came, case.allowed, case.next)
    write("experiment/x.yaml", case.mend(message))

    assert [part for part in parts if part not in message] == [], message
    assert problems("experiment=x") == []


def test_there_are_enough_of_them() -> None:
    assert len({case.given for case in [*COMMANDS, *FILES]}) >= 60
