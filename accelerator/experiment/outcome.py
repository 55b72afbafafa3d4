"""How a command that ran something ended."""

from collections.abc import Callable
from dataclasses import dataclass

from accelerator.runs.delivery import Delivery
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary

Say = Callable[[str], None]
"""Takes a line for the user, before the run begins."""


def say_nothing(_line: str) -> None:
    """Take a line and drop it: for Python users, who read the outcome."""


@dataclass(frozen=True)
class Outcome:
    """What is to be told when a run has ended."""

    folder: RunFolder
    summary: Summary
    delivery: Delivery | None
    """How much of it the tracker has; None when who started the command sees to that."""
    open_command: str | None = None
    """What shows the run in the tracker; None when it is not tracked."""
    exit_code: int = 0
    reason: str = ""
    """Why the run failed; "" when it did not."""
