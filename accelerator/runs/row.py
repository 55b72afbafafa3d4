"""One run as a row of a table, from its folder or from a tracker: what `list`, conditions and columns know of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from accelerator.runs.files import json_ready
from accelerator.runs.summary import Best

METRICS_SHOWN = 3
CONFIG_PREFIX = "config."
FIELDS = (
    "name",
    "run",
    "status",
    "epoch",
    "step",
    "started",
    "seconds",
    "samples_per_second",
    "size",
    "checkpoints",
    "best",
    "parent",
    "error",
)
"""The keys that every run has besides its metrics and its config; sizes are in bytes."""


def _no_config() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class RunRow:
    """One run. What a tracker does not tell is None."""

    name: str
    """The run's name in the config: the folders between the output root and the run folder."""
    run_id: str
    run_folder: str | None
    status: str
    """That of the summary, or `unreadable` when the summary is damaged; `error` then says how."""
    epoch: int | None
    step: int | None
    metrics: dict[str, float]
    started: str
    """Local time, `2026-11-23 10:15:00`; "" for a folder that was renamed."""
    seconds: float | None
    error: str | None
    samples_per_second: float | None = None
    best: Best | None = None
    parent: str | None = None
    size_bytes: int | None = None
    """What the run folder takes on the disk, checkpoints included."""
    checkpoint_bytes: int | None = None
    tracked_as: str | None = None
    """The run's id in the tracker that it was read from."""
    config: Callable[[], Mapping[str, Any]] = field(default=_no_config, compare=False, repr=False)
    """Reads the config as one flat mapping from key to value; it is called only when a key of it is asked for."""

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON values, without the config."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "config"}
        ready: dict[str, Any] = json_ready(values)
        return ready

    @property
    def main_metrics(self) -> dict[str, float]:
        """The few metrics to look at first: of the test, else of the validation, else of the training."""
        for split in ("test", "validation", "train"):
            found = {name: value for name, value in self.metrics.items() if _is_main(name, split)}
            if found:
                return dict(list(found.items())[:METRICS_SHOWN])
        return {}

    def field(self, key: str) -> Any:
        """Return one of `FIELDS`."""
        if key == "best":
            return None if self.best is None else self.best["value"]
        attribute = {"run": "run_id", "size": "size_bytes", "checkpoints": "checkpoint_bytes"}.get(key, key)
        return getattr(self, attribute)


class Readings:
    """The values of several runs by key: a field before a metric before a key of the config.

    `config.KEY` always means the config. Configs are read once, and only when a key is none of the others.

    | attribute | type | holds |
    |---|---|---|
    | rows | list[RunRow] | the runs |
    """

    def __init__(self, rows: Iterable[RunRow]) -> None:
        self.rows = list(rows)
        self._metrics = {name for row in self.rows for name in row.metrics}
        self._configs: dict[int, Mapping[str, Any]] = {}

    def of(self, row: RunRow) -> Callable[[str], Any]:
        """Return what gives the value of a key in one of the runs; None where it has none."""
        return lambda key: self.value(row, key)

    def value(self, row: RunRow, key: str) -> Any:
        """Return the value of a key in one of the runs; None where it has none."""
        if key in FIELDS:
            return row.field(key)
        if key in self._metrics:
            return row.metrics.get(key)
        return self._config(row).get(key.removeprefix(CONFIG_PREFIX))

    def keys(self, asked: Iterable[str]) -> set[str]:
        """Return the keys that are known; those of configs only when one of `asked` is no other."""
        known = {*FIELDS, *self._metrics}
        if all(key in known for key in asked):
            return known
        of_configs = {key for row in self.rows for key in self._config(row)}
        return (
            known
            | of_configs
            | {f"{CONFIG_PREFIX}{key}" for key in of_configs if key in known}
            | {key for key in asked if key.startswith(CONFIG_PREFIX) and key.removeprefix(CONFIG_PREFIX) in of_configs}
        )

    def _config(self, row: RunRow) -> Mapping[str, Any]:
        place = id(row)
        if place not in self._configs:
            self._configs[place] = row.config()
        return self._configs[place]


def _is_main(metric: str, split: str) -> bool:
    return metric.startswith(f"{split}/") and not metric.startswith(f"{split}/loss_")
