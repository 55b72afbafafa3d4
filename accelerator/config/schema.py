"""The sections of a config that are ours: their keys, types, ranges and defaults, as frozen dataclasses.

The dataclasses are the one place that knows them: the check before a run, the reference page and the editor's
schema are all made from these fields. A component's arguments are not here: its own signature says what it takes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accelerator.config.interval import Interval


@dataclass(frozen=True)
class Rule:
    """What a key may hold besides its type: a range, a set of words, a kind of interval."""

    text: str
    """What is one line about: the description of the key."""
    must: str = ""
    """What a valid value is, to be read after `must be`."""
    holds: Callable[[Any], bool] = lambda value: True
    example: Any = None


def _option(default: Any, text: str, *, must: str = "", holds: Any = None, example: Any = None) -> Any:
    rule = Rule(text, must, holds or (lambda value: True), default if example is None else example)
    return field(default=default, metadata={"rule": rule})


def _at_least(least: int, default: Any, text: str, *, example: Any = None) -> Any:
    return _option(default, text, must=f"at least {least}", holds=lambda value: value >= least, example=example)


def _positive(default: Any, text: str, *, example: Any = None) -> Any:
    return _option(default, text, must="greater than 0", holds=lambda value: value > 0, example=example)


def _one_of(words: tuple[str, ...], default: Any, text: str) -> Any:
    return _option(default, text, must=" or ".join(words), holds=lambda value: value in words)


def _time(default: Any, text: str, *, example: str) -> Any:
    must = "a time: 45s, 30min or 2h"
    return _option(default, text, must=must, holds=lambda value: value.unit == "s", example=example)


@dataclass(frozen=True)
class LoaderConfig:
    """How samples become batches."""

    batch_size: int = _at_least(1, 64, "samples of one optimizer step, over all ranks and micro-batches")
    micro_batch_size: int | None = _at_least(1, None, "samples that go through the model at once; null: derived")
    evaluation_batch_size: int | None = _at_least(1, None, "samples of one batch in evaluation; null: as in training")
    workers: int = _at_least(0, 0, "processes that prepare batches; 0: the training process does")
    shuffle: bool = _option(True, "draw the training samples in a new order each epoch")
    drop_last: bool = _option(False, "leave out the last training batch when it is not full")
    on_error: str = _one_of(("fail", "skip"), "fail", "what to do with a sample that cannot be read")


@dataclass(frozen=True)
class TrainConfig:
    """How long training goes on, and what happens how often. The first end that is reached ends it."""

    epochs: int | None = _at_least(1, 10, "passes over the training data")
    steps: int | None = _at_least(1, None, "optimizer steps", example=1000)
    max_time: Interval | None = _time(None, "time of training", example="2h")
    clip_norm: float | None = _positive(None, "largest norm of all gradients together", example=1.0)
    clip_value: float | None = _positive(None, "largest absolute value of a gradient", example=1.0)
    validate_every: Interval | None = _option(Interval.parse("1ep"), "how often to validate; null: never")
    log_every: Interval = _option(Interval.parse("50st"), "how often to log")


@dataclass(frozen=True)
class CheckpointConfig:
    """When checkpoints are written, and which are kept."""

    every: Interval | None = _option(Interval.parse("1ep"), "how often to save; null: at the end only")
    keep_last: int = _at_least(1, 2, "newest checkpoints to keep")
    keep_best: int = _at_least(0, 1, "best checkpoints to keep")
    monitor: str = _option("validation/loss", "the metric that says which is best")
    mode: str = _one_of(("min", "max"), "min", "whether less or more of it is better")
    use: str = _one_of(("last", "best"), "last", "which weights the final test and later readers take")


@dataclass(frozen=True)
class LaunchConfig:
    """How many processes, where."""

    processes: int = _at_least(1, 1, "processes on this machine")


@dataclass(frozen=True)
class PathsConfig:
    """Folders; relative ones start at the project root (`Project.absolute`)."""

    output: str = _option("outputs", "where run folders lie")
    data: str = _option("data", "where data sets lie")


SECTIONS: dict[str, type] = {
    "loader": LoaderConfig,
    "train": TrainConfig,
    "checkpoint": CheckpointConfig,
    "launch": LaunchConfig,
    "paths": PathsConfig,
}
"""The sections by their key in a config."""
