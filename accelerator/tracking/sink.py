"""What a sink is: the place that a journal is carried to. A kind, `tracking`, like any other.

A sink lives in the forwarder's process. It may fail at any time by raising: the forwarder waits and hands the same
records over again, so that `send` must take a repeated batch as the one that it is. MLflow stores an equal point once;
a sink that does not has to look at what it holds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from accelerator.errors import AcceleratorError
from accelerator.runs.journal import Record


class SinkError(AcceleratorError):
    """A sink that cannot be reached, or does not take what it should. The forwarder tries again later."""


@dataclass(frozen=True)
class TrackedRun:
    """The run that a sink is opened for."""

    run_id: str
    """The run folder's name; unique."""
    name: str
    """The config's `name`."""
    folder: Path
    project_root: Path
    start_time: float
    """Seconds since 1970."""
    environment: dict[str, Any] = field(default_factory=dict)
    """The content of `environment.json`."""
    target: dict[str, str] = field(default_factory=dict)
    """What `open` returned earlier in the life of this run; empty the first time."""


class Sink(Protocol):
    """Takes the records of one run."""

    def open(self, run: TrackedRun) -> Mapping[str, str] | None:
        """Find the run in the store, or create it, and mark it as running.

        Returns:
            Where the run is, for people and for opening it again (no credentials). A changed value under `run_id`
            means another run than before: the journal is then sent from its beginning.
        """

    def send(self, records: Sequence[Record]) -> int | None:
        """Take records of the kinds metric, parameter, tag and artifact, in order.

        Returns:
            How many of them the store can never take (None: 0); say in the log which, and why.
        """

    def close(self, status: str) -> None:
        """Write the run's end: one of completed, failed, interrupted, died."""


@runtime_checkable
class FamilySink(Sink, Protocol):
    """A sink that shows the parts of a run (`accelerator.runs.parts`) as runs below it; others never hear of them."""

    def send_parts(self, records: Sequence[Record]) -> int | None:
        """Take records of the kind part, in order, after what else their batch holds; returns what `send` does."""


@runtime_checkable
class GuardingSink(Sink, Protocol):
    """A sink of a store in which somebody else may write over a run's end."""

    def guard(self, status: str, wait: Callable[[float], bool]) -> bool:
        """See for a while after `close` that the end stays as it was written.

        Args:
            status: what was closed with.
            wait: waits so many seconds, and tells whether to leave it: the run goes on, or nobody is to be left.

        Returns:
            Whether it was seen to: False when it was left before.
        """
