"""What is printed of configs that were checked: what is sound to stdout, what is wrong to stderr."""

from collections.abc import Sequence
from json import dumps
from typing import TYPE_CHECKING

from accelerator.cli.terminal import print_error, print_line
from accelerator.errors import EXIT_INPUT

if TYPE_CHECKING:
    from accelerator.experiment.check import Checked


def print_checked(found: Sequence["Checked"], overrides: Sequence[str], *, json: bool) -> int:
    """Print what was found and return the command's exit code."""
    if json:
        print_line(dumps([problem for item in found for problem in item.to_json(overrides)], indent=2))
    else:
        for item in found:
            _print_one(item, overrides)
    return EXIT_INPUT if any(item.problems for item in found) else 0


def _print_one(item: "Checked", overrides: Sequence[str]) -> None:
    name = f"{item.name}: " if item.name else ""
    for line in item.to_text(overrides):
        print_error(f"{name}{line}")
    if not item.problems:
        print_line(f"{name}{item.note or 'The config is sound.'}")
