"""The console script `accelerator`."""

import sys

from accelerator.cli.add import Add
from accelerator.cli.configure import Configure
from accelerator.cli.dispatch import Group, run_command
from accelerator.cli.doctor import Doctor
from accelerator.cli.experiment import Experiment

GROUPS: dict[str, type[Group]] = {"experiment": Experiment, "add": Add, "configure": Configure, "doctor": Doctor}


def main() -> int:
    """Run the command line of this process and return its exit code."""
    return run_command(GROUPS, sys.argv[1:])
