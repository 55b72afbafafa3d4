"""`accelerator completion SHELL`: a command without verbs. Its docstring is its help page."""

import sys

from accelerator.cli.completion_scripts import SCRIPTS
from accelerator.cli.dispatch import run_command
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project
from accelerator.errors import UsageError, did_you_mean
from accelerator.heap import leave


class Completion:
    """Print the script by which a shell completes command lines of accelerator."""

    default_verb = "completion"

    def __init__(self, project: Project) -> None:
        self._project = project

    def completion(self, shell: str) -> int:
        """Print the script by which bash, zsh or fish completes command lines of accelerator.

        It completes groups, verbs, flags and their values, RUNs, kinds, names, config groups and keys, as the project
        and its plugins have them. Each TAB asks accelerator itself: a new config needs no new script.

        Examples:
          eval "$(accelerator completion bash)"   # in ~/.bashrc
          eval "$(accelerator completion zsh)"    # in ~/.zshrc, below compinit
          accelerator completion fish | source    # in ~/.config/fish/config.fish
        """
        if shell not in SCRIPTS:
            guess = did_you_mean(shell, SCRIPTS)
            raise UsageError(f"accelerator completion: there is no script for '{shell}'. {guess}")
        print_line(SCRIPTS[shell].rstrip("\n"))
        return 0


if __name__ == "__main__":
    leave(run_command({"completion": Completion}, ["completion", *sys.argv[1:]]))
