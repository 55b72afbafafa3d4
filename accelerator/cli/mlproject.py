"""What `mlflow run` starts: `python -m accelerator.cli.mlproject ENTRY_POINT OVERRIDES [--FLAG VALUE]…`.

MLflow hands a parameter over as one word, whatever is in it: here it is split as a shell splits. A parameter that the
entry point does not declare comes as `--name value`, and is a flag of the command; a switch comes with true or false.
"""

import shlex
import sys
from collections.abc import Sequence

from accelerator.cli.dispatch import run_command
from accelerator.cli.exits import exit_code_of
from accelerator.cli.main import GROUPS
from accelerator.errors import UsageError, did_you_mean
from accelerator.heap import leave

ENTRY_POINTS = {
    "train": ("experiment", "train"),
    "analyze_model": ("experiment", "analyze_model"),
    "analyze_data": ("experiment", "analyze_data"),
    "pipeline": ("pipeline", "run"),
}
_QUOTED = r'''-P overrides="\"+tags.note='it\\'s'\""'''
"""A quote in a value: inside Hydra's quotes, inside the shell's of the word, inside those of the command line."""


def main(arguments: Sequence[str]) -> int:
    """Run the command that an entry point stands for, and return its exit code."""
    return exit_code_of(lambda: run_command(GROUPS, command_of(arguments)))


def command_of(arguments: Sequence[str]) -> list[str]:
    """Return the command line of ours that `mlflow run` asks for.

    Raises:
        UsageError: there is no such entry point, the overrides are missing, or a quote in them is not closed.
    """
    name = arguments[0] if arguments else ""
    if name not in ENTRY_POINTS:
        raise UsageError(f"MLproject: there is no entry point '{name}'. {did_you_mean(name, ENTRY_POINTS)}")
    if len(arguments) < 2:
        raise UsageError(f"MLproject: the entry point '{name}' needs the overrides as one word. Add ''.")
    try:
        overrides = shlex.split(arguments[1])
    except ValueError as error:
        raise UsageError(
            f"overrides = {arguments[1]}: they are split as a shell splits, and here that fails: {error}. Close the "
            f"quote, or write one that belongs to a value like this: {_QUOTED}."
        ) from error
    return [*ENTRY_POINTS[name], *overrides, *_flags(arguments[2:])]


def _flags(given: Sequence[str]) -> list[str]:
    """Return flags as a command line has them: a switch stands alone, or not at all."""
    flags: list[str] = []
    for word in given:
        is_value = bool(flags) and flags[-1].startswith("--")
        if is_value and word.lower() == "false":
            flags.pop()
        elif not (is_value and word.lower() == "true"):
            flags.append(word)
    return flags


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
