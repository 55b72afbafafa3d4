"""Builds the parts of a context, in the one order that works, and takes them apart again.

Engine first (it sets threads and kernels), then data, then everything that is made from it; the seed is set right
before the model, so that its weights depend on nothing but the seed.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.parameter import is_lazy

from accelerator.config.declared import declared_by
from accelerator.config.metric_names import MetricNames
from accelerator.errors import ComponentError, ConfigError, Problem, did_you_mean
from accelerator.runtime.checkpoint.random_state import random_state, restore_random_state, seed_everything
from accelerator.runtime.checkpoint.tree import check_tree
from accelerator.runtime.checkpoint.weights import load_weights
from accelerator.runtime.data.fetch import Fetcher
from accelerator.runtime.data.loader import Loader, Source, is_iterable
from accelerator.runtime.data.plan import SequentialSampler, Shape, ShuffleSampler
from accelerator.runtime.data.splits import SPLITS
from accelerator.runtime.data.transforms import NamedTransform, check_batch_transforms, named_transforms
from accelerator.runtime.events import compile_events
from accelerator.runtime.losses import Losses
from accelerator.runtime.metrics import Metrics, MetricTerm
from accelerator.runtime.parts import PartsSource, Transforms
from accelerator.runtime.scalars import LOSS, ScalarLog

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

PARTS = (
    *("engine", "data", "task", "losses", "metrics", "model", "optimization", "callbacks", "events"),
    *("train_loader", "evaluation_loaders", "scalars", "notes"),
    *(
        "monitor",
        "trained",
        "touches_gradients",
        "step_schedules",
        "epoch_schedules",
        "has_train_metrics",
        "full_step_items",
    ),
)
"""The attributes of a context that `assemble` sets."""

_EVALUATION_SPLITS = ("validation", "test")


def assemble(context: "Context", source: PartsSource) -> None:
    """Build every part of a context.

    Raises:
        ConfigError: a part cannot be built, or two of them do not fit.
    """
    random_before = random_state()
    context.engine = source.engine()
    context.engine.start()
    context.random_before = random_before
    try:
        _assemble(context, source)
    except BaseException:
        disassemble(context)
        raise


def disassemble(context: "Context") -> None:
    """End workers, and put threads, kernels and random generators back as they were before."""
    loaders = [context.__dict__.get("train_loader")]
    loaders += [item for sets in context.__dict__.get("evaluation_loaders", {}).values() for item in sets.values()]
    for loader in loaders:
        if loader is not None:
            loader.close()
    context.engine.stop()
    restore_random_state(context.random_before)


def _assemble(context: "Context", source: PartsSource) -> None:
    settings, engine = context.settings, context.engine
    seed_everything(settings.seed)
    context.data = source.data()
    _build_loaders(context, source)
    context.task = source.task()
    context.losses = Losses(source.losses())
    terms = source.metrics()
    context.metrics = {split: Metrics(terms, split, engine.device) for split in SPLITS}
    seed_everything(settings.seed)
    context.model = source.model(context.data.facts)
    _materialise(context)
    context.model = engine.prepare(context.model)
    weights = source.weights() if settings.reads_weights else None
    if weights is not None:
        load_weights(context.model, weights)
    for module in context.losses.modules():
        module.to(engine.device)
    context.state.steps_per_epoch = None if context.train_loader is None else context.train_loader.num_steps()
    context.optimization = source.optimization(context.model, total_steps(context))
    context.callbacks = source.callbacks()
    context.events = compile_events(context.callbacks)
    context.scalars = ScalarLog(list(context.losses.terms))
    schedules = context.optimization.schedules.values()
    context.trained = context.optimization.parameters()
    context.touches_gradients = (
        settings.train.clip_norm is not None or settings.train.clip_value is not None or bool(context.events.step_start)
    )
    context.step_schedules = tuple(item for item in schedules if item.interval == "step")
    context.epoch_schedules = tuple(item for item in schedules if item.interval == "epoch")
    context.has_train_metrics = bool(context.metrics["train"].metrics)
    context.monitor = _monitor(context)
    context.notes = (*engine.report(), *context.optimization.notes, *_data_notes(context))
    _check_states(context)
    _check_monitor(context, terms)


def total_steps(context: "Context") -> int | None:
    """Return the optimizer steps that are planned; None when only time, or data without a length, ends the run."""
    train, per_epoch = context.settings.train, context.state.steps_per_epoch
    ends = [train.steps] if train.steps is not None else []
    if train.epochs is not None and per_epoch is not None:
        ends.append(train.epochs * per_epoch)
    return min(ends, default=None)


def _build_loaders(context: "Context", source: PartsSource) -> None:
    settings, data = context.settings, context.data
    shape = Shape(
        settings.loader.batch_size,
        settings.loader.micro_batch_size or settings.loader.batch_size // context.engine.world_size,
        settings.loader.drop_last,
        context.engine.rank,
        context.engine.world_size,
    )
    # None where a micro-batch is a whole step: then nothing has to be weighted.
    context.full_step_items = (
        None if shape.accumulation == 1 else settings.loader.batch_size // context.engine.world_size
    )
    size = settings.evaluation_batch_size
    evaluation = Shape(size, size)
    samples, batches = source.sample_transforms(), source.transforms()
    sampler = data.sampler or (ShuffleSampler() if settings.loader.shuffle else SequentialSampler())
    context.train_loader = None
    if data.train is not None:
        loaded = _source(context, data.train, samples, batches, training=True)
        context.train_loader = Loader(loaded, shape, data.sampler if is_iterable(data.train) else sampler)
    context.evaluation_loaders = {
        split: {
            name: Loader(_source(context, dataset, samples, batches, training=False), evaluation)
            for name, dataset in data.sets(split).items()
        }
        for split in _EVALUATION_SPLITS
    }


def _source(context: "Context", dataset: Any, samples: Transforms, batches: Transforms, *, training: bool) -> Source:
    settings, engine, data = context.settings, context.engine, context.data
    chosen = named_transforms(batches.train if training else batches.evaluation)
    check_batch_transforms(chosen, "transform.train" if training else "transform.evaluation")
    of_samples: tuple[NamedTransform, ...] = named_transforms(samples.train if training else samples.evaluation)
    return Source(
        Fetcher(dataset, data.fields, data.collate, of_samples, settings.seed),
        chosen,
        engine.move,
        looks_ahead=engine.is_asynchronous,
        workers=settings.loader.workers,
        pin_memory=engine.device.type == "cuda",
    )


def _materialise(context: "Context") -> None:
    """Give lazy modules (torch.nn.LazyLinear …) their shapes by one forward pass of a real batch."""
    if not any(is_lazy(item) for item in [*context.model.parameters(), *context.model.buffers()]):
        return
    loader = context.train_loader or next(
        (item for sets in context.evaluation_loaders.values() for item in sets.values()), None
    )
    first = loader.first_batch() if loader is not None else None
    if first is None:
        remedy = "Give it data; with loader.drop_last a split smaller than loader.batch_size gives none"
        raise ConfigError(Problem("model", "has lazy modules, and there is no batch to shape them by", remedy))
    context.model.to(context.engine.device)
    was_training = context.model.training
    context.model.eval()
    with torch.no_grad():
        context.task.prediction_step(context, first)
    context.model.train(was_training)


def _data_notes(context: "Context") -> list[str]:
    loader = context.train_loader
    if loader is None:
        return []
    given = context.settings.checkpoint.monitor
    workers = context.settings.loader.workers
    words = {
        "memory": "batches sliced from memory",
        "process": "batches made in the training process",
        "workers": f"batches made by {workers} workers",
        "iterable": "batches read from an iterable",
    }
    notes = [words[loader.way]]
    if workers and loader.way == "memory":
        notes.append(f"loader.workers={workers} has no effect: the data lies in memory")
    if loader.way == "iterable":  # its order is its own, and only one reader keeps it
        notes += (
            [f"loader.workers={workers} has no effect: an iterable is read in order, in this process"]
            if workers
            else []
        )
        notes += (
            ["loader.shuffle has no effect: an iterable comes in its own order"]
            if context.settings.loader.shuffle
            else []
        )
    if context.monitor != given:
        notes.append(f"checkpoint.monitor is {context.monitor}: nothing gives {given} where there is no validation")
    return notes


def _monitor(context: "Context") -> str:
    """Return the metric that ranks checkpoints: the training loss where there is no validation."""
    has_validation = (
        bool(context.evaluation_loaders["validation"]) and context.settings.train.validate_every is not None
    )
    return context.settings.checkpoint.monitor if has_validation else LOSS


def _check_states(context: "Context") -> None:
    owners: Mapping[str, Callable[[], Any]] = {
        **{f"callback.{name}": item.state_dict for name, item in context.callbacks.items()},
        "optimizer and scheduler": context.optimization.state_dict,
        "loss": context.losses.state_dict,
        **{f"metric ({split})": item.state_dict for split, item in context.metrics.items()},
    }
    for owner, state in owners.items():
        check_tree(state(), owner)
    _check_facts(context.data.facts)


def _check_facts(facts: Mapping[str, Any]) -> None:
    """Refuse facts that a checkpoint cannot remember: without them the model could not be built again."""
    for name, value in facts.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise ComponentError(
                f"data: facts['{name}'] holds a {type(value).__name__}, which a checkpoint cannot remember ({error}). "
                f"Turn it into numbers, strings, lists and dicts of Python's."
            ) from error


def _check_monitor(context: "Context", terms: Mapping[str, MetricTerm]) -> None:
    """Refuse a checkpoint.monitor that nothing of this run produces: found now, not after the first epoch."""
    monitor = context.settings.checkpoint.monitor
    if context.train_loader is None or context.monitor != monitor:
        return
    sets = [name for name in context.data.sets("validation") if name]
    names = MetricNames(list(context.losses.terms), {name: term.on for name, term in terms.items()}, sets)
    declared = [declared_by(type(item)) for item in (context.task, *context.callbacks.values())]
    logged = [name for item in declared if item is not None for name in item.names if "/" in name]
    if names.has(monitor) or monitor in logged or None in declared:  # one that does not say may log it
        return
    known = [*names.known, *logged]
    raise ConfigError(
        Problem(
            "checkpoint.monitor",
            f"'{monitor}' is nothing that this run computes. {did_you_mean(monitor, known, most=20)}",
            "Choose one of them, or add the metric.",
        )
    )
