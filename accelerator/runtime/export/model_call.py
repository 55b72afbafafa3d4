"""How a task calls its model on a real batch: that call is what is exported."""

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from accelerator.errors import ComponentError
from accelerator.runtime.data.transforms import batch_size_of
from accelerator.runtime.export.tensors import map_tensors, named_tensors, tensors_of

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


@dataclass(frozen=True)
class ModelCall:
    """A model on the CPU in evaluation mode, and what it is called with."""

    model: torch.nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    samples: int

    @property
    def arguments(self) -> dict[str, Any]:
        """What the model is called with, by the parameter of its `forward`."""
        return dict(inspect.signature(self.model.forward).bind(*self.args, **self.kwargs).arguments)

    def outputs(self) -> Any:
        """Return what the model gives."""
        with torch.no_grad():
            return self.model(*self.args, **self.kwargs)

    def of_samples(self, count: int) -> "ModelCall":
        """Return the same call on the first `count` samples; more than there are repeats them."""
        places = torch.arange(count) % self.samples

        def take(tensor: Tensor) -> Tensor:
            return tensor[places] if self.is_batched(tensor) else tensor

        args, kwargs = map_tensors(self.args, take), map_tensors(dict(self.kwargs), take)
        return replace(self, args=args, kwargs=kwargs, samples=count)

    def without_data(self) -> "ModelCall":
        """Return the same call on zeros: what is kept in a file as an example shows no sample."""
        args, kwargs = map_tensors(self.args, torch.zeros_like), map_tensors(dict(self.kwargs), torch.zeros_like)
        return replace(self, args=args, kwargs=kwargs)

    def is_batched(self, tensor: Tensor) -> bool:
        """Tell whether a tensor's first dimension is that of the batch."""
        return tensor.ndim > 0 and tensor.shape[0] == self.samples

    @property
    def input_names(self) -> list[str]:
        """The tensors that it takes, in order: the parameter's name, and the path inside it."""
        return [name for name, _ in named_tensors(self.arguments)]


def capture_call(context: "Context", batch: Mapping[str, Any]) -> ModelCall:
    """Return the first call of the model that the task makes to predict for a batch.

    Args:
        context: a built context; its model is left as it is, in evaluation mode.
        batch: a batch as evaluation sees it.

    Raises:
        ComponentError: the task does not call the model, or gives it no tensor.
    """
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def remember(_model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        calls.append((args, kwargs))

    context.model.eval()
    handle = context.model.register_forward_pre_hook(remember, with_kwargs=True)
    try:
        with torch.no_grad():
            context.task.prediction_step(context, batch)
    finally:
        handle.remove()
    if not calls or not tensors_of(calls[0]):
        what = "gives the model no tensor" if calls else "does not call the model"
        raise ComponentError(
            f"task: prediction_step of {type(context.task).__name__} {what}, so there is nothing to export. "
            f"Call context.model with tensors of the batch there."
        )
    args, kwargs = (map_tensors(item, lambda tensor: tensor.detach().cpu().contiguous()) for item in calls[0])
    model = copy.deepcopy(context.model).cpu().to(memory_format=torch.contiguous_format).eval()
    return ModelCall(model, args, kwargs, batch_size_of(batch))
