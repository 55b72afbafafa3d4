"""How far a step moves the weights, measured while training."""

import torch
from torch import Tensor

from accelerator import Callback, Context


class UpdateRatio(Callback):
    """Logs `train/update_ratio`: the size of a step's update over the size of the weights, both in the 2-norm.

    Around 1e-3 is usual; far less means a learning rate that is too small, far more one that is too large. Nothing
    waits for the device: the ratio stays there until the loop fetches what was logged.

    Args:
        every: measure each so many steps; a measured step copies the weights.

    Raises:
        ValueError: `every` is less than 1.
    """

    def __init__(self, every: int = 10) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1 step, and is {every}")
        self.every = every
        self._before: list[Tensor] = []

    def on_step_start(self, context: Context) -> None:
        """Remember the weights, when the step that begins is to be measured."""
        if (context.state.step + 1) % self.every == 0:
            self._before = [parameter.detach().clone() for parameter in context.model.parameters()]

    def on_step_end(self, context: Context) -> None:
        """Compare them with what they have become."""
        if self._before:
            after = [parameter.detach() for parameter in context.model.parameters()]
            moved = [new - old for new, old in zip(after, self._before, strict=True)]
            context.log("update_ratio", _norm(moved) / _norm(self._before))
            self._before = []


def _norm(tensors: list[Tensor]) -> Tensor:
    return torch.nn.utils.get_total_norm(tensors)
