"""`accelerator add KIND NAME`: a command without verbs. Its docstring is its help page."""

import sys
from typing import Any

from accelerator.cli.dispatch import run_command
from accelerator.cli.late import late
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project
from accelerator.errors import EXIT_FAILED, UsageError
from accelerator.heap import leave


class Add:
    """Write a component of your own: its module, its config and a test."""

    default_verb = "add"

    def __init__(self, project: Project) -> None:
        self._project = project

    def add(
        self,
        kind: str | None = None,
        name: str | None = None,
        *,
        from_: str | None = None,
        force: bool = False,
        check: bool = False,
    ) -> int:
        """Write a component of your own: its module, its config and a test; it works at once.

        KIND is model, data, task, loss, metric, optimizer, scheduler, callback, transform, sample_transform, sampler,
        collate, pipeline_step (or step), experiment or pipeline. NAME is what configs call it. It is declared in the
        project's pyproject.toml; nothing has to be installed again. Nothing that exists is overwritten.

        Flags:
          --from package.module.Class  write a config alone, around a class that exists, with all its parameters
          --force                      replace files of that name, and keep a copy of each (FILE.bak-<time>)
          --check                      write nothing; say where a config in configs/ no longer fits its component's
                                       signature, and what to change; exit 1 when there is something

        Examples:
          accelerator add model my_model
          accelerator add experiment my_experiment
          accelerator add loss huber --from torch.nn.HuberLoss
          accelerator add --check
        """
        if check:
            if kind is not None or from_ is not None or force:
                raise UsageError("accelerator add --check looks at all components of the project. Write it alone.")
            return _print_drift(late("scaffold", "add_check")(self._project))
        if kind is None or name is None:
            example = f"{kind or 'model'} my_{kind or 'model'}"
            raise UsageError(f"accelerator add needs a KIND and a NAME, such as: accelerator add {example}.")
        added = late("scaffold", "add")(kind, name, project=self._project, source=from_, force=force)
        for title, paths in (("wrote", added.written), ("changed", added.changed), ("kept a copy in", added.backups)):
            for path in paths:
                print_line(f"{title} {path}")
        for path in added.to_fill_in:
            print_line(f"Fill in what is ??? in {path}.")
        if added.next_command:
            print_line(f"{'Then try' if added.to_fill_in else 'Try'} it: {added.next_command}")
        return 0


def _print_drift(drift: Any) -> int:
    for problem in drift.problems:
        print_line(str(problem))
    if not drift.problems:
        print_line(f"All {drift.num_nodes} component nodes of configs/ fit the signatures of their components.")
    return EXIT_FAILED if drift.problems else 0


if __name__ == "__main__":
    leave(run_command({"add": Add}, ["add", *sys.argv[1:]]))
