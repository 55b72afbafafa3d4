"""The process that waits for a command in a launcher's hands: `python -m accelerator.launch.run_launched TASK`."""

import json
import sys
from pathlib import Path

from accelerator.components import Registry
from accelerator.config.project import Project, search_path
from accelerator.errors import AcceleratorError
from accelerator.heap import leave
from accelerator.launch.launched_command import LaunchedCommand, run_through_launcher


def main(text: str) -> int:
    """Run what `command_through_launcher` wrote as JSON, and return the exit code of the command.

    One that a signal ended gives 128 and its number, as in a shell.
    """
    task = json.loads(text)
    project = Project(Path(task["project"]))
    launched = LaunchedCommand(tuple(task["command"]), Path(task["cwd"]), Path(task["output"]), Path(task["folder"]))
    try:
        code = run_through_launcher(launched, task["launch"], search_path(project, Registry.discover(project.root)))
    except AcceleratorError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    leave(main(sys.argv[1]))
