"""The console script `accelerator`."""

import sys
from collections.abc import Iterator, Mapping

from accelerator.cli.completion_scripts import COMPLETE
from accelerator.cli.dispatch import Group, run_command
from accelerator.cli.late import late
from accelerator.heap import import_heavy, leave_heap


class _Groups(Mapping[str, type[Group]]):
    """The groups by name: `experiment` is the class `Experiment` of its module, imported when it is looked at."""

    _names = ("experiment", "pipeline", "add", "configure", "doctor", "completion")

    def __getitem__(self, name: str) -> type[Group]:
        if name not in self._names:
            raise KeyError(name)
        group: type[Group] = getattr(import_heavy(f"accelerator.cli.{name}"), name.capitalize())
        return group

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


GROUPS = _Groups()


def main() -> int:
    """Run the command line of this process and return its exit code."""
    if sys.argv[1:2] == [COMPLETE]:
        shown: int = late("cli", "print_completions")(GROUPS, " ".join(sys.argv[2:]))
        return shown
    code = run_command(GROUPS, sys.argv[1:])
    leave_heap()
    return code
