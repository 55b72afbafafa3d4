"""What a batch means: a task turns a batch into a loss and outputs.

A task is the only place where model, loss and batch meet. The loop knows nothing of fields, logits or labels.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

Batch = Mapping[str, Any]
"""Field name -> value. What has `.to(device)` is on the engine's device, with the batch dimension first."""


@dataclass(frozen=True, slots=True)
class LossValue:
    """A loss as a sum, for losses whose items are not samples (tokens, pixels that count).

    `total` is the scalar sum over `num_items` items; the mean is taken over all items of a step, whatever the
    micro-batches they fall into.
    """

    total: Tensor
    num_items: Tensor | int


_NO_TERMS: Mapping[str, Tensor] = MappingProxyType({})


class StepResult(NamedTuple):
    """What a training or validation step gives back. (A named tuple: one is made every step, and it is the cheapest.)

    `loss` is the scalar mean over `num_items` items (with a graph in training). `outputs` holds what the model gave,
    by name, for losses, metrics and callbacks. `terms` holds the value of each named loss, unweighted, when there
    are several.
    """

    loss: Tensor
    outputs: Mapping[str, Any]
    num_items: int
    terms: Mapping[str, Tensor] = _NO_TERMS


class Task(ABC):
    """Base of all tasks.

    `manual = True` says that `training_step` runs backward and steps the optimizers itself; the loop then counts one
    step for each batch and touches no gradient.
    """

    manual: bool = False

    @abstractmethod
    def training_step(self, context: "Context", batch: Batch) -> StepResult:
        """Return the loss and the outputs for one micro-batch."""

    def validation_step(self, context: "Context", batch: Batch) -> StepResult:
        """The same on a validation or test batch, without gradients; `training_step` unless overridden."""
        return self.training_step(context, batch)

    @abstractmethod
    def prediction_step(self, context: "Context", batch: Batch) -> Mapping[str, Any]:
        """Return what to write for each sample, by name; each value has one entry a sample."""
