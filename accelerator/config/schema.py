"""The parts of a config that are ours: their keys, types, ranges and defaults, as frozen dataclasses.

The dataclasses are the one place that knows them: the check before a run and whatever describes the config are made
from these fields. A component's arguments are not here: its own signature says what it takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from accelerator.config.interval import TIME_PATTERN, Interval
from accelerator.config.rule import Node, at_least, limited, node, one_of, option, positive
from accelerator.run_name import PATTERN, RULE, is_run_name


@dataclass(frozen=True)
class RootConfig:
    """The keys of the top level that are plain values."""

    config_version: int = limited(
        1, "the form of the config", must="1", holds=lambda value: value == 1, limits={"const": 1}
    )
    name: str = limited(
        "run",
        "the run's name, and its folder's",
        must=RULE,
        holds=is_run_name,
        limits={"pattern": PATTERN},
    )
    seed: int = limited(
        0,
        "one seed for everything",
        must="at least 0, and less than 2**63",
        holds=lambda value: 0 <= value < 2**63,
        limits={"minimum": 0, "maximum": 2**63 - 1},
    )
    note: str | None = option(None, "what the run is about, in your words; MLflow shows it as the description")
    system_every: Interval | None = limited(
        Interval.parse("10s"),
        "how often a tracked run samples processors, memory, disk and GPUs; null: never",
        must="a time: 45s, 30min or 2h",
        holds=lambda value: value.unit == "s",
        limits={"pattern": TIME_PATTERN},
    )
    weights: str | None = option(None, "start from the weights of a RUN or a file", example="last")
    trust: tuple[str, ...] = option((), "packages and full names that configs may name besides components")


@dataclass(frozen=True)
class LoaderConfig:
    """How samples become batches."""

    batch_size: int = at_least(1, 64, "samples of one optimizer step, over all ranks and micro-batches")
    micro_batch_size: int | None = at_least(1, None, "samples that go through the model at once; null: derived")
    evaluation_batch_size: int | None = at_least(1, None, "samples of one batch in evaluation; null: as in training")
    evaluation_batches: int | None = at_least(1, None, "batches of one pass of validation or test; null: all")
    workers: int = at_least(0, 0, "processes that prepare batches; 0: the training process does")
    shuffle: bool = option(True, "draw the training samples in a new order each epoch")
    drop_last: bool = option(False, "leave out the last training batch when it is not full")
    on_error: str = one_of(("fail",), "fail", "what to do with a sample that cannot be read")


@dataclass(frozen=True)
class TrainConfig:
    """How long training goes on, and what happens how often. The first end that is reached ends it."""

    epochs: int | None = at_least(1, 10, "passes over the training data")
    steps: int | None = at_least(1, None, "optimizer steps", example=1000)
    max_time: Interval | None = limited(
        None,
        "time of training",
        must="a time: 45s, 30min or 2h",
        holds=lambda value: value.unit == "s",
        limits={"pattern": TIME_PATTERN},
        example="2h",
    )
    clip_norm: float | None = positive(None, "largest norm of all gradients together", example=1.0)
    clip_value: float | None = positive(None, "largest absolute value of a gradient", example=1.0)
    validate_every: Interval | None = option(Interval.parse("1ep"), "how often to validate; null: never")
    log_every: Interval = option(Interval.parse("50st"), "how often to log")


@dataclass(frozen=True)
class CheckpointConfig:
    """When checkpoints are written, and which are kept."""

    every: Interval | None = option(Interval.parse("1ep"), "how often to save; null: at the end only")
    keep_last: int = at_least(1, 2, "newest checkpoints to keep")
    keep_best: int = at_least(0, 1, "best checkpoints to keep")
    monitor: str = option("validation/loss", "the metric that says which is best")
    mode: str = one_of(("min", "max"), "min", "whether less or more of it is better")
    use: str = one_of(("last", "best"), "last", "which weights the final test and later readers take")


@dataclass(frozen=True)
class LaunchConfig:
    """How many processes, where."""

    processes: int = at_least(1, 1, "processes on this machine")


@dataclass(frozen=True)
class PathsConfig:
    """Folders; relative ones start at the project root (`Project.absolute`)."""

    output: str = option("outputs", "where run folders lie")
    data: str = option("data", "where data sets lie")


@dataclass(frozen=True)
class LossEntry:
    """One term of the loss."""

    loss: Node = node("loss", "the loss itself")
    weight: float = option(1.0, "factor of this term in the sum")
    inputs: tuple[str, ...] = option(
        ("prediction", "target"), "values that it is called with: outputs, then batch fields"
    )
    transform: Node | None = node("transform", "what its inputs go through first", default=None)


_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class MetricEntry:
    """One metric."""

    metric: Node = node("metric", "the metric itself")
    inputs: tuple[str, ...] = option(
        ("prediction", "target"), "values that it is called with: outputs, then batch fields"
    )
    on: tuple[str, ...] = limited(
        ("validation", "test"),
        "the splits that it is computed on",
        must=f"of {', '.join(_SPLITS)}",
        holds=lambda value: set(value) <= set(_SPLITS),
        limits={"items": {"enum": list(_SPLITS)}},
    )


@dataclass(frozen=True)
class OptimizerEntry:
    """One of several optimizers."""

    optimizer: Node = node("optimizer", "the optimizer itself")
    parameters: str = option("", "pattern of the names of its parameters", example="encoder.*")


@dataclass(frozen=True)
class OptimizerNumbers:
    """What every optimizer of torch refuses otherwise; its other arguments are judged by its signature alone."""

    lr: float = at_least(0, 1e-3, "learning rate")
    weight_decay: float = at_least(0, 0.0, "weight decay")


@dataclass(frozen=True)
class SchedulerEntry:
    """The learning rate's schedule."""

    scheduler: Node = node("scheduler", "the scheduler itself")
    interval: str = one_of(("step", "epoch"), "step", "when it advances")
    monitor: str | None = option(None, "the metric that it is given", example="validation/loss")


@dataclass(frozen=True)
class ParameterGroup:
    """Options of the parameters whose names match; what else stands there is an option of the optimizer too."""

    match: str | tuple[str, ...] = option("", "pattern of parameter names, or a list of them", example="bias")
    lr: float | None = positive(None, "learning rate of these parameters", example=1e-4)
    weight_decay: float | None = at_least(0, None, "weight decay of these parameters", example=0.0)


@dataclass(frozen=True)
class EngineOptions:
    """What every engine takes; an engine may take more."""

    device: str = option("auto", "where to compute: auto (CUDA, then MPS, then the CPU), cpu, cuda, cuda:1, mps")
    devices: int = at_least(1, 1, "how many devices")
    precision: str = option("fp32", "fp32, bf16 or fp16")
    compile: bool = option(False, "compile the model with torch.compile")
    deterministic: bool = option(False, "deterministic kernels only")
    threads: int | None = at_least(1, None, "CPU threads of torch; null: as many as torch takes")
    timeout: Interval = limited(
        Interval.parse("30min"),
        "how long processes wait for each other",
        must="a time: 45s, 30min or 2h",
        holds=lambda value: value.unit == "s",
        limits={"pattern": TIME_PATTERN},
    )
    oom: str = option("fail", "what happens when memory runs out")


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

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "tags": "name: value, sent to the tracker as tags",
        "vars": "values of your own, for interpolation",
        "model": "the model: a torch.nn.Module",
        "data": "the data: training, validation and test splits",
        "task": "what a batch means: how model, loss and batch meet",
        "loss": "the terms of the loss, by name",
        "metric": "the metrics, by name",
        "optimizer": "the optimizer, or several by name",
        "scheduler": "the learning rate's schedule; null: it stays",
        "parameter_groups": "options for parameters whose names match, by a name of your own",
        "sample_transform": "changes of single samples, by split and name, in order",
        "transform": "changes of whole batches, by split and name, in order",
        "sampler": "the order of the training samples; null: the data's own",
        "collate": "how samples become a batch; null: the data's own",
        "callback": "what listens to the events of the loop, by name",
        "engine": "device, precision, processes",
        "tracking": "where the journal is carried to; null: nowhere",
    }
)
"""What the top-level keys are for that are neither plain values nor sections."""

ORDER = (
    *(
        "config_version",
        "name",
        "seed",
        "tags",
        "note",
        "system_every",
        "weights",
        "model",
        "data",
        "task",
        "loss",
        "metric",
    ),
    *("optimizer", "scheduler", "parameter_groups", "loader", "train", "checkpoint"),
    *("sample_transform", "transform", "sampler", "collate", "callback"),
    *("engine", "launch", "tracking", "paths", "trust", "vars"),
)
"""All top-level keys, in the order in which they are shown and written."""

TRANSFORMS = ("sample_transform", "transform")
TRANSFORM_SPLITS = ("train", "evaluation")
