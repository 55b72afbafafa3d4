"""`accelerator add KIND NAME`: a command without verbs. Its docstring is its help page."""

import sys

from accelerator.cli.dispatch import run_command
from accelerator.cli.late import late
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project
from accelerator.errors import UsageError


class Add:
    """Write a component of your own: its module, its config and a test."""

    default_verb = "add"

    def __init__(self, project: Project) -> None:
        self._project = project

    def add(self, kind: str | None = None, name: str | None = None, *, force: bool = False) -> int:
        """Write a component of your own: its module, its config and a test; it works at once.

        KIND is model, data, task, loss, metric, optimizer, scheduler, callback, transform, sample_transform, sampler,
        collate, pipeline_step (or step), experiment or pipeline. NAME is what configs call it. It is declared in the
        project's pyproject.toml; nothing has to be installed again. Nothing that exists is overwritten.

        Flags:
          --force  replace files of that name, and keep a copy of each (FILE.bak-<time>)

        Examples:
          accelerator add model my_model
          accelerator add experiment my_experiment
        """
        if kind is None or name is None:
            raise UsageError("accelerator add needs a KIND and a NAME, such as: accelerator add model my_model.")
        added = late("scaffold", "add")(kind, name, project=self._project, force=force)
        for title, paths in (("wrote", added.written), ("changed", added.changed), ("kept a copy in", added.backups)):
            for path in paths:
                print_line(f"{title} {path}")
        if added.next_command:
            print_line(f"Try it: {added.next_command}")
        return 0


if __name__ == "__main__":
    sys.exit(run_command({"add": Add}, ["add", *sys.argv[1:]]))
