"""The parts of a run that a tracker shows as runs below it: the steps of a pipeline.

The run tells each change of a part as a record of the kind `part` in its journal; the last one of a name counts. A part
may have a run folder of its own, or none (a command, a step that was skipped): then the tracker makes a small run for
it. Where an input came from is said by folders, which the sink turns into ids of its store.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from accelerator.runs.journal import PART, Record, read_journal

RUNNING, SKIPPED = "running", "skipped"


@dataclass(frozen=True)
class Origin:
    """Which part of which run is meant."""

    folder: str
    """The run folder of the whole."""
    part: str
    run_folder: str | None = None
    """The run that the part made; None when it has none of its own."""

    @property
    def key(self) -> str:
        """What a tracker finds the part by, where it had to make a run for it; a quote would end what it searches."""
        return f"{Path(self.folder).name}/{self.part}".replace("'", "_")


@dataclass(frozen=True)
class CameIn:
    """One input of a part."""

    key: str
    """`weights`, or `values[0]` inside a list."""
    value: str
    """The path or the value, as text."""
    hash: str = ""
    output: str = ""
    """What its maker calls it: `checkpoint.best`; "" for a value or a path of the config's own."""
    origin: Origin | None = None
    """Who made it."""


@dataclass(frozen=True)
class Gave:
    """One output of a part."""

    type: str
    value: str
    hash: str = ""


@dataclass(frozen=True)
class Part:
    """How one part of a run stands."""

    name: str
    state: str
    """running, ran, skipped, failed or interrupted."""
    folder: str | None = None
    """Where it works; its run lies below."""
    run_folder: str | None = None
    """The run that it made; of a skipped part None."""
    has_run: bool = False
    """Whether it makes a run of its own, which a tracker hears of without us."""
    came_in: tuple[CameIn, ...] = ()
    gave: Mapping[str, Gave] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    taken_from: Origin | None = None
    """Of a skipped part: whose outputs are used."""
    tags: Mapping[str, str] = field(default_factory=dict)
    time: float = 0.0
    """When it came to stand so, in seconds since 1970."""

    def to_record(self) -> Record:
        """Return the record of a journal."""
        return {"kind": PART, **asdict(self)}


def part_of_record(record: Mapping[str, Any]) -> Part:
    """Return what a record of a journal tells; KeyError, TypeError or ValueError when it is none of a part."""
    came_in = tuple(_came_in(item) for item in record["came_in"])
    gave = {str(name): Gave(**_texts(item)) for name, item in record["gave"].items()}
    return Part(
        name=str(record["name"]),
        state=str(record["state"]),
        has_run=bool(record["has_run"]),
        came_in=came_in,
        gave=gave,
        metrics={str(name): float(value) for name, value in record["metrics"].items()},
        taken_from=_origin(record["taken_from"]),
        tags=_texts(record["tags"]),
        time=float(record["time"]),
        folder=_text_or_none(record["folder"]),
        run_folder=_text_or_none(record["run_folder"]),
    )


def name_of_part(journal: Path, run: Path) -> str | None:
    """Return which part of the run with that journal made the run in a folder; None when it tells of none."""
    for record in read_journal(journal):
        if record.get("kind") == PART and record.get("folder") and run.is_relative_to(str(record["folder"])):
            return str(record.get("name"))
    return None


def _came_in(item: Mapping[str, Any]) -> CameIn:
    texts = _texts(item)
    return CameIn(texts["key"], texts["value"], texts["hash"], texts["output"], _origin(item["origin"]))


def _origin(item: Mapping[str, Any] | None) -> Origin | None:
    if item is None:
        return None
    return Origin(str(item["folder"]), str(item["part"]), _text_or_none(item["run_folder"]))


def _text_or_none(item: Any) -> str | None:
    return None if item is None else str(item)


def _texts(item: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in item.items()}
