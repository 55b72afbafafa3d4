"""`accelerator experiment …`: one method for each verb. Its docstring is its help page.

What a verb needs is imported when it is called, so that a help page costs neither Hydra nor torch.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from json import dumps
from typing import Any

from accelerator.cli.dispatch import run_command
from accelerator.cli.terminal import print_error, print_line, print_table
from accelerator.config.project import Project

LIST_HEADER = ("name", "run", "status", "epoch", "step", "metrics", "started", "seconds")


class Experiment:
    """Train, resume, evaluate and look at runs.

    Without a verb, overrides mean train. A RUN is the path of a run folder, its name, a unique ending of it, or
    `last`. An OVERRIDE is Hydra's: key=value, group=name, +key=value to add, ~key to remove.

    Examples:
      accelerator experiment experiment=digits_resnet optimizer.lr=0.01
      accelerator experiment resume last
      accelerator experiment list
    """

    default_verb = "train"

    def __init__(self, project: Project) -> None:
        self._project = project

    def show(self, *overrides: str) -> int:
        """Print the composed config, each line with the file and line, or the override, that set it.

        Examples:
          accelerator experiment show experiment=digits_resnet
          accelerator experiment show experiment=digits_resnet optimizer.lr=0.01 | grep lr
        """
        print_line(_function("show")(overrides, project=self._project).removesuffix("\n"))
        return 0

    def list(self, *, json: bool = False) -> int:
        """Print the runs of the project as a table, the newest last.

        Flags:
          --json       print a list of objects, with all metrics in full precision

        Examples:
          accelerator experiment list
          accelerator experiment list --json | jq '.[-1].metrics'
        """
        rows = _function("list_runs")(self._project)
        if json:
            print_line(dumps([row.to_json() for row in rows], indent=2))
        elif rows:
            print_table(LIST_HEADER, [_cells(row) for row in rows])
        else:
            print_error("No runs yet. Start one: accelerator experiment train experiment=digits_resnet")
        return 0


def _function(name: str) -> Callable[..., Any]:
    """Import the function that a verb calls: only now, since it may cost Hydra or torch."""
    function: Callable[..., Any] = getattr(import_module(f"accelerator.experiment.{name}"), name)
    return function


def _cells(row: Any) -> tuple[str, ...]:
    metrics = ", ".join(f"{name} {value:.5g}" for name, value in row.main_metrics.items())
    counts = (str(row.epoch), str(row.step))
    return (row.name, row.run_id, row.status, *counts, metrics, row.started, f"{row.seconds:.1f}")


if __name__ == "__main__":
    sys.exit(run_command({"experiment": Experiment}, ["experiment", *sys.argv[1:]]))
