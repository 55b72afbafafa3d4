"""The parts of a run, given as objects in Python."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from accelerator.components import Registry
from accelerator.config.project import Project
from accelerator.runtime.data.splits import DataSplits, as_data_splits
from accelerator.runtime.engine.engine import Engine
from accelerator.runtime.events import Callback
from accelerator.runtime.losses import LossTerm
from accelerator.runtime.metrics import MetricTerm
from accelerator.runtime.optimization import Optimization, Schedule
from accelerator.runtime.parts import Transforms
from accelerator.runtime.task import Task


@dataclass(frozen=True, eq=False)
class ObjectParts:
    """What a user hands to `Context(model=…, …)`, as the parts of a run."""

    given_model: torch.nn.Module
    given_data: DataSplits
    given_losses: Mapping[str, LossTerm]
    given_optimization: Optimization
    given_task: Task
    given_engine: Callable[[], Engine]
    given_metrics: Mapping[str, MetricTerm] = field(default_factory=dict)
    given_callbacks: Mapping[str, Callback] = field(default_factory=dict)
    given_transforms: Transforms = field(default_factory=Transforms)
    given_sample_transforms: Transforms = field(default_factory=Transforms)

    def engine(self) -> Engine:
        return self.given_engine()

    def data(self) -> DataSplits:
        return self.given_data

    def transforms(self) -> Transforms:
        return self.given_transforms

    def sample_transforms(self) -> Transforms:
        return self.given_sample_transforms

    def task(self) -> Task:
        return self.given_task

    def losses(self) -> Mapping[str, LossTerm]:
        return self.given_losses

    def metrics(self) -> Mapping[str, MetricTerm]:
        return self.given_metrics

    def model(self, facts: Mapping[str, Any]) -> torch.nn.Module:
        del facts  # the model is made already
        return self.given_model

    def weights(self) -> Mapping[str, Tensor] | None:
        return None

    def optimization(self, model: torch.nn.Module, total_steps: int | None) -> Optimization:
        del model, total_steps  # the optimizer has its parameters already
        return self.given_optimization

    def callbacks(self) -> Mapping[str, Callback]:
        return self.given_callbacks

    def notes(self) -> Sequence[str]:
        return ()


@dataclass(frozen=True, eq=False)
class Given:
    """The arguments of `Context(…)` that become parts, as they were given; its docstring says what each may be."""

    model: torch.nn.Module
    loss: Any
    data: Any
    optimizer: Any
    scheduler: Any
    task: Task | None
    metrics: Mapping[str, Any] | None
    callbacks: Mapping[str, Callback] | None
    transforms: Any
    sample_transforms: Any
    engine: Engine | None


def object_parts(given: Given, project: Project) -> ObjectParts:
    """Return the parts that a user gave; a task and an engine that were left out come from the registry."""
    registry = Registry.discover(project.root)
    engine = given.engine
    return ObjectParts(
        given_model=given.model,
        given_data=as_data_splits(given.data),
        given_losses=as_losses(given.loss),
        given_optimization=as_optimization(given.optimizer, given.scheduler),
        given_task=given.task or registry.find("supervised", "task").load()(),
        given_engine=registry.find("auto", "engine").load() if engine is None else lambda: engine,
        given_metrics=as_metrics(given.metrics),
        given_callbacks=given.callbacks or {},
        given_transforms=as_transforms(given.transforms),
        given_sample_transforms=as_transforms(given.sample_transforms),
    )


def as_losses(loss: Any) -> dict[str, LossTerm]:
    """Return what a user gives as `loss` (a callable, a LossTerm, or a mapping of either by name) as terms by name."""
    given = loss if isinstance(loss, Mapping) else {_name_of(loss): loss}
    return {name: item if isinstance(item, LossTerm) else LossTerm(item) for name, item in given.items()}


def as_metrics(metrics: Mapping[str, Any] | None) -> dict[str, MetricTerm]:
    """Return metrics by name; a bare metric is fed with prediction and target, on validation and test."""
    return {name: item if isinstance(item, MetricTerm) else MetricTerm(item) for name, item in (metrics or {}).items()}


def as_optimization(optimizer: Any, scheduler: Any) -> Optimization:
    """Return one optimizer or several by name, and one scheduler, Schedule, or several by name."""
    optimizers: Mapping[str, Optimizer] = optimizer if isinstance(optimizer, Mapping) else {"optimizer": optimizer}
    if optimizer is None:
        optimizers = {}
    given = scheduler if isinstance(scheduler, Mapping) else {} if scheduler is None else {"optimizer": scheduler}
    schedules = {name: item if isinstance(item, Schedule) else Schedule(item) for name, item in given.items()}
    return Optimization(optimizers, schedules)


def as_transforms(transforms: Any) -> Transforms:
    """Return transforms as they come: `Transforms`, or a mapping by name for training only."""
    if isinstance(transforms, Transforms):
        return transforms
    return Transforms(train=transforms or {})


def _name_of(loss: Any) -> str:
    loss = loss.loss if isinstance(loss, LossTerm) else loss
    name = getattr(loss, "__name__", type(loss).__name__)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().removesuffix("_loss")
