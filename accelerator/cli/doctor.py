"""`accelerator doctor`: a command without verbs. Its docstring is its help page."""

import sys
from json import dumps

from accelerator.cli.dispatch import run_command
from accelerator.cli.late import late
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project
from accelerator.errors import EXIT_FAILED
from accelerator.heap import leave


class Doctor:
    """Look at versions, devices, disk, store and plugins."""

    default_verb = "doctor"

    def __init__(self, project: Project) -> None:
        self._project = project

    def doctor(self, *, json: bool = False) -> int:
        """Look at versions, devices, disk, project, tracking store and plugins, and say what to do.

        Each line is ok, warning or problem; exit 1 when there is a problem. Nothing is written.

        Flags:
          --json  print a list of objects: subject, state, text, remedy

        Examples:
          accelerator doctor
          accelerator doctor --json | jq '.[] | select(.state != "ok")'
        """
        findings = late("experiment", "doctor")(self._project)
        if json:
            print_line(dumps([item.to_json() for item in findings], indent=2))
        else:
            width = max(len(item.subject) for item in findings)
            for item in findings:
                remedy = f"\n{'':{width + 10}}{item.remedy}." if item.remedy else ""
                print_line(f"{item.state:<8}{item.subject:<{width}}  {item.text}{remedy}")
        return EXIT_FAILED if any(item.state == "problem" for item in findings) else 0


if __name__ == "__main__":
    leave(run_command({"doctor": Doctor}, ["doctor", *sys.argv[1:]]))
