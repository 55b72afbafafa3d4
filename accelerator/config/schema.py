"""The parts of a config that are ours: their keys, types, ranges and defaults, as frozen dataclasses.

The dataclasses are the one place that knows them: the check before a run and whatever describes the config are made
from these fields. A component's arguments are not here: its own signature says what it takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from accelerator.config.interval import Interval

Node = Mapping[str, Any]
"""A component node: a mapping with `_target_`."""


@dataclass(frozen=True)
class Rule:
    """What a key is for, and what it may hold besides its type."""

    text: str
    must: str = ""
    """What a valid value is, to be read after `must be`."""
    holds: Callable[[Any], bool] = lambda value: True
    example: Any = None
    kind: str = ""
    """For a component node: the kind whose names it takes."""


def _option(
    default: Any, text: str, *, must: str = "", holds: Callable[[Any], bool] = lambda value: True, example: Any = None
) -> Any:
    rule = Rule(text, must, holds, default if example is None else example)
    return field(default=default, metadata={"rule": rule})


def _at_least(least: int, default: Any, text: str, *, example: Any = None) -> Any:
    example = max(least, 1) if example is None and default is None else example
    return _option(default, text, must=f"at least {least}", holds=lambda value: value >= least, example=example)


def _positive(default: Any, text: str, *, example: Any = None) -> Any:
    return _option(default, text, must="greater than 0", holds=lambda value: value > 0, example=example)


def _one_of(words: tuple[str, ...], default: Any, text: str) -> Any:
    return _option(default, text, must=" or ".join(words), holds=lambda value: value in words)


def _node(kind: str, text: str, **default: Any) -> Any:
    return field(metadata={"rule": Rule(text, kind=kind)}, **default)


@dataclass(frozen=True)
class RootConfig:
    """The keys of the top level that are plain values."""

    config_version: int = _option(1, "the form of the config", must="1", holds=lambda value: value == 1)
    name: str = _option(
        "run", "the run's name, and its folder's", must="a name", holds=lambda value: bool(value.strip())
    )
    seed: int = _at_least(0, 0, "one seed for everything")
    weights: str | None = _option(None, "start from the weights of a RUN or a file", example="last")
    trust: tuple[str, ...] = _option((), "packages and full names that configs may name besides components")


@dataclass(frozen=True)
class LoaderConfig:
    """How samples become batches."""

    batch_size: int = _at_least(1, 64, "samples of one optimizer step, over all ranks and micro-batches")
    micro_batch_size: int | None = _at_least(1, None, "samples that go through the model at once; null: derived")
    evaluation_batch_size: int | None = _at_least(1, None, "samples of one batch in evaluation; null: as in training")
    workers: int = _at_least(0, 0, "processes that prepare batches; 0: the training process does")
    shuffle: bool = _option(True, "draw the training samples in a new order each epoch")
    drop_last: bool = _option(False, "leave out the last training batch when it is not full")
    on_error: str = _one_of(("fail",), "fail", "what to do with a sample that cannot be read")


@dataclass(frozen=True)
class TrainConfig:
    """How long training goes on, and what happens how often. The first end that is reached ends it."""

    epochs: int | None = _at_least(1, 10, "passes over the training data")
    steps: int | None = _at_least(1, None, "optimizer steps", example=1000)
    max_time: Interval | None = _option(
        None, "time of training", must="a time: 45s, 30min or 2h", holds=lambda value: value.unit == "s", example="2h"
    )
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


@dataclass(frozen=True)
class LossEntry:
    """One term of the loss."""

    loss: Node = _node("loss", "the loss itself")
    weight: float = _option(1.0, "factor of this term in the sum")
    inputs: tuple[str, ...] = _option(
        ("prediction", "target"), "values that it is called with: outputs, then batch fields"
    )
    transform: Node | None = _node("transform", "what its inputs go through first", default=None)


_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class MetricEntry:
    """One metric."""

    metric: Node = _node("metric", "the metric itself")
    inputs: tuple[str, ...] = _option(
        ("prediction", "target"), "values that it is called with: outputs, then batch fields"
    )
    on: tuple[str, ...] = _option(
        ("validation", "test"),
        "splits",
        must=f"of {', '.join(_SPLITS)}",
        holds=lambda value: set(value) <= set(_SPLITS),
    )


@dataclass(frozen=True)
class OptimizerEntry:
    """One of several optimizers."""

    optimizer: Node = _node("optimizer", "the optimizer itself")
    parameters: str = _option("", "pattern of the names of its parameters", example="encoder.*")


@dataclass(frozen=True)
class SchedulerEntry:
    """The learning rate's schedule."""

    scheduler: Node = _node("scheduler", "the scheduler itself")
    interval: str = _one_of(("step", "epoch"), "step", "when it advances")
    monitor: str | None = _option(None, "the metric that it is given", example="validation/loss")


SECTIONS: Mapping[str, type] = MappingProxyType(
    {
        "loader": LoaderConfig,
        "train": TrainConfig,
        "checkpoint": CheckpointConfig,
        "launch": LaunchConfig,
        "paths": PathsConfig,
    }
)
"""The sections by their key in a config."""

ENTRIES: Mapping[str, type] = MappingProxyType({"loss": LossEntry, "metric": MetricEntry})
"""The mappings by name whose entries have a long form; a bare node is short for one with defaults."""

NODES = ("model", "data", "task", "engine", "tracking", "sampler", "collate")
"""Keys that hold one component node, or null."""

FREE = ("tags", "vars")
"""Mappings of the user's own."""

ORDER = (
    *("config_version", "name", "seed", "tags", "weights", "model", "data", "task", "loss", "metric"),
    *("optimizer", "scheduler", "parameter_groups", "loader", "train", "checkpoint"),
    *("sample_transform", "transform", "sampler", "collate", "callback"),
    *("engine", "launch", "tracking", "paths", "trust", "vars"),
)
"""All top-level keys, in the order in which they are shown and written."""

TRANSFORMS = ("sample_transform", "transform")
TRANSFORM_SPLITS = ("train", "evaluation")
