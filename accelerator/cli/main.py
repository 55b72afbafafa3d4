"""The console script `accelerator`."""

import sys

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment import Experiment

GROUPS = {"experiment": Experiment}


def main() -> int:
    """Run the command line of this process and return its exit code."""
    return run_command(GROUPS, sys.argv[1:])
