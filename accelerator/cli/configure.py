"""`accelerator configure …`: one method for each verb. Its docstring is its help page.

What a verb needs is imported when it is called, so that a help page costs neither Hydra nor torch.
"""

import sys

from accelerator.cli.dispatch import run_command
from accelerator.cli.late import late
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project


class Configure:
    """Look at configs and components, and start a project.

    Examples:
      accelerator configure check experiment=digits_resnet
    """

    default_verb = "check"

    def __init__(self, project: Project) -> None:
        self._project = project

    def check(self, *overrides: str) -> int:
        """Check a config without running it; all problems at once, exit 2 when there is one.

        Examples:
          accelerator configure check experiment=digits_resnet optimizer.lr=0.01
        """
        late("experiment", "sound_config")(overrides, self._project)
        print_line("The config is sound.")
        return 0

    def index(self, *, check: bool = False, force: bool = False) -> int:
        """Write the project's index files: every config of a kind, also of plugins and ours, under index.KIND.NAME.

        An experiment with `- /index/loss` in its defaults list may write `loss: {a: ${index.loss.mse}}`.

        Flags:
          --check  write nothing; exit 1 when a file is missing, stale or changed by hand
          --force  write files that were changed by hand too, each kept as FILE.bak-<time>

        Examples:
          accelerator configure index
          accelerator configure index --check
        """
        lines = late("scaffold", "write_index")(self._project, check=check, force=force)
        for line in lines or ["The index files are up to date."]:
            print_line(line)
        return 1 if check and lines else 0


if __name__ == "__main__":
    sys.exit(run_command({"configure": Configure}, ["configure", *sys.argv[1:]]))
