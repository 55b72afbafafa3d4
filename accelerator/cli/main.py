"""The console script `accelerator`."""

import sys

from accelerator.cli.add import Add
from accelerator.cli.completion import Completion
from accelerator.cli.completion_scripts import COMPLETE
from accelerator.cli.configure import Configure
from accelerator.cli.dispatch import Group, run_command
from accelerator.cli.doctor import Doctor
from accelerator.cli.experiment import Experiment
from accelerator.cli.late import late
from accelerator.cli.pipeline import Pipeline

GROUPS: dict[str, type[Group]] = {
    "experiment": Experiment,
    "pipeline": Pipeline,
    "add": Add,
    "configure": Configure,
    "doctor": Doctor,
    "completion": Completion,
}


def main() -> int:
    """Run the command line of this process and return its exit code."""
    if sys.argv[1:2] == [COMPLETE]:
        shown: int = late("cli", "print_completions")(GROUPS, " ".join(sys.argv[2:]))
        return shown
    return run_command(GROUPS, sys.argv[1:])
