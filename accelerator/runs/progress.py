"""How far a run's journal has been carried: the state in `tracking.json`, written by the forwarder alone.

Before a batch is handed to a sink its extent is written down as `pending`; after the sink has taken it, as taken. A
forwarder that was killed in between hands exactly the same records over again, even if the run was resumed meanwhile.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from accelerator.errors import StorageError
from accelerator.runs.files import read_json, write_json
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import is_segment

FORMAT_VERSION = 1
_PLAIN = ("sink", "target", "sent", "refused", "finished", "error", "failed_at", "failures")


@dataclass(frozen=True)
class Extent:
    """A stretch of one segment file, and up to which step its records counted when it was read."""

    file: str
    start: int
    end: int
    limit: int | None
    """None: all records."""


@dataclass(frozen=True)
class Progress:
    """What of the journal a sink has taken."""

    taken: tuple[Extent, ...] = ()
    """In order and without gaps within a file; neighbours in a file with the same limit are one."""
    last_steps: dict[str, int] = field(default_factory=dict)
    """The last step of each metric in the newest file of the run's own stream that was taken from."""

    def position(self, file: str) -> int:
        """Return up to which byte of `file` everything is taken."""
        return max((extent.end for extent in self.taken if extent.file == file), default=0)

    def after(self, extent: Extent, last_steps: dict[str, int]) -> "Progress":
        """Return the progress when `extent` is taken besides."""
        last = next((item for item in reversed(self.taken) if item.file == extent.file), None)
        if last is None or last.limit != extent.limit:
            return Progress((*self.taken, extent), last_steps)
        longer = replace(extent, start=last.start)
        return Progress(tuple(longer if item is last else item for item in self.taken), last_steps)


@dataclass(frozen=True)
class Tracking:
    """The content of `tracking.json`."""

    sink: str = ""
    """The sink's name as the config has it."""
    target: dict[str, str] = field(default_factory=dict)
    """What the sink said on opening: for MLflow `tracking_uri`, `experiment`, `run_id`."""
    progress: Progress = field(default_factory=Progress)
    pending: Extent | None = None
    sent: int = 0
    """Records taken so far."""
    refused: int = 0
    """Records that the sink can never take; each stands in forwarder.log with the reason."""
    finished: str | None = None
    """The status with which the sink was closed; None while the run goes on, or while the sink does not know."""
    error: str | None = None
    """Why it does not go on at the moment."""
    failed_at: float | None = None
    """When it last failed, in seconds since 1970."""
    failures: int = 0
    """How often in a row."""


def read_tracking(folder: RunFolder) -> Tracking | None:
    """Return how far the run's journal has been carried; None when nobody was asked to carry it.

    Raises:
        StorageError: the file is damaged.
    """
    if not folder.tracking.exists():
        return None
    stored = read_json(folder.tracking)
    try:
        return _from_json(stored)
    except (KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"{folder.tracking}: does not say how far the journal has been carried. Delete the file: "
            f"`accelerator experiment sync` then finds the run in the store and carries the journal again."
        ) from error


def write_tracking(folder: RunFolder, tracking: Tracking) -> None:
    """Replace the folder's `tracking.json`. Only for the one forwarder.

    Not flushed to disk: after a power failure an older state only makes the forwarder send again what is there.
    """
    write_json(folder.tracking, {"format_version": FORMAT_VERSION, **asdict(tracking)}, is_durable=False)


def _from_json(stored: dict[str, Any]) -> Tracking:
    values = {key: stored[key] for key in _PLAIN}
    taken = tuple(Extent(**extent) for extent in stored["progress"]["taken"])
    pending = Extent(**stored["pending"]) if stored["pending"] else None
    for extent in (*taken, *([pending] if pending else [])):
        if not is_segment(extent.file):
            raise TypeError(f"{extent.file!r} is no file of a journal")
    target = values["target"]
    if not isinstance(target, dict) or not all(isinstance(item, str) for item in target.values()):
        raise TypeError(f"{target!r} says not where the run is")
    return Tracking(**values, progress=Progress(taken, stored["progress"]["last_steps"]), pending=pending)
