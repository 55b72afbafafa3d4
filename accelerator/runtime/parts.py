"""What a run is made of, and where the parts come from: a config, or objects given in Python."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.engine.engine import Engine
from accelerator.runtime.events import Callback
from accelerator.runtime.losses import LossTerm
from accelerator.runtime.metrics import MetricTerm
from accelerator.runtime.optimization import Optimization
from accelerator.runtime.task import Task

Transform = Callable[..., Any]


@dataclass(frozen=True)
class Transforms:
    """Transforms by name, in order, for training and for evaluation."""

    train: Mapping[str, Transform] = field(default_factory=dict)
    evaluation: Mapping[str, Transform] = field(default_factory=dict)


class PartsSource(Protocol):
    """Makes the parts of a run, each once, in the order in which the methods stand here."""

    def engine(self) -> Engine:
        """Return the engine; it is started before anything else is made."""

    def data(self) -> DataSplits:
        """Return the data."""

    def transforms(self) -> Transforms:
        """Return the transforms of batches."""

    def sample_transforms(self) -> Transforms:
        """Return the transforms of samples."""

    def task(self) -> Task:
        """Return the task."""

    def losses(self) -> Mapping[str, LossTerm]:
        """Return the losses by name."""

    def metrics(self) -> Mapping[str, MetricTerm]:
        """Return the metrics by name."""

    def model(self, facts: Mapping[str, Any]) -> torch.nn.Module:
        """Return the model; `facts` is what the data tells of itself."""

    def weights(self) -> Mapping[str, torch.Tensor] | None:
        """Return the tensors that the model starts from; None for its own initialisation."""

    def optimization(self, model: torch.nn.Module, total_steps: int | None) -> Optimization:
        """Return the optimizers over the model's parameters, and their schedules over `total_steps` steps."""

    def callbacks(self) -> Mapping[str, Callback]:
        """Return the callbacks by name."""

    def notes(self) -> Sequence[str]:
        """Return what the user should know, a few words each."""
