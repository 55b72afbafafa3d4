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


if __name__ == "__main__":
    sys.exit(run_command({"configure": Configure}, ["configure", *sys.argv[1:]]))
