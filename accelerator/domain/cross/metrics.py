"""Metrics of our own. Their sums stay on the device: `update` never waits for it, `compute` gives a tensor."""

from typing import Any

import torch
from torch import Tensor

from accelerator.errors import ComponentError


class Accuracy:
    """The share of items whose likeliest class is the target.

    Fed with logits or probabilities (batch, classes, …) or with class indices (batch, …), and targets (batch, …).
    Without any item the value is NaN.

    Args:
        ignore_index: a target that does not count (padding).
    """

    def __init__(self, ignore_index: int | None = None) -> None:
        self.ignore_index = ignore_index
        self._correct = torch.zeros((), dtype=torch.int64)
        self._count: Tensor | int = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Take in one batch.

        Raises:
            ComponentError: the shapes do not fit, or scores stand where class indices are expected.
        """
        classes = _classes(prediction, target)
        right = classes == target
        if self.ignore_index is None:
            self._count = self._count + target.numel()
        else:
            counted = target != self.ignore_index
            right = right & counted
            self._count = self._count + counted.sum()
        self._correct = self._correct + right.sum()

    def compute(self) -> Tensor:
        """Return the share as a scalar tensor."""
        return self._correct / self._count

    def reset(self) -> None:
        """Forget everything."""
        self._correct = torch.zeros_like(self._correct)
        self._count = 0

    def state_dict(self) -> dict[str, Any]:
        """Return the two sums."""
        return {"correct": self._correct, "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the two sums."""
        self._correct, self._count = state["correct"], state["count"]

    def merge(self, other: "Accuracy") -> None:
        """Add what another one has seen."""
        self._correct = self._correct + _beside(other._correct, self._correct)
        self._count = self._count + _beside(other._count, self._correct)


class MeanAbsoluteError:
    """The mean of |prediction - target| over all values. Without any value it is NaN."""

    def __init__(self) -> None:
        self._total = torch.zeros(())
        self._count = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Take in one batch: two tensors of one shape.

        Raises:
            ComponentError: the shapes differ.
        """
        if prediction.shape != target.shape:
            raise ComponentError(
                f"metric mean_absolute_error: the prediction has shape {tuple(prediction.shape)} and the target "
                f"{tuple(target.shape)}; they must be equal. Reshape one of them in the data or the model."
            )
        # summed in float64 where there is one: float32 loses small batches against a large sum
        kind = torch.float32 if prediction.device.type == "mps" else torch.float64
        self._total = self._total + (prediction - target).abs().sum(dtype=kind)
        self._count += target.numel()

    def compute(self) -> Tensor:
        """Return the mean as a scalar tensor."""
        return self._total / self._count

    def reset(self) -> None:
        """Forget everything."""
        self._total = torch.zeros_like(self._total)
        self._count = 0

    def state_dict(self) -> dict[str, Any]:
        """Return the sum and the number of values."""
        return {"total": self._total, "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back the sum and the number of values."""
        self._total, self._count = state["total"], state["count"]

    def merge(self, other: "MeanAbsoluteError") -> None:
        """Add what another one has seen."""
        self._total = self._total + _beside(other._total, self._total)
        self._count += other._count


def _classes(prediction: Tensor, target: Tensor) -> Tensor:
    has_scores = prediction.dim() == target.dim() + 1
    classes = prediction.argmax(dim=1) if has_scores and prediction.shape[1] > 1 else prediction
    if classes.shape != target.shape or classes.is_floating_point():
        raise ComponentError(
            f"metric accuracy: the prediction has shape {tuple(prediction.shape)} ({prediction.dtype}) and the target "
            f"{tuple(target.shape)}. It takes scores (batch, classes, …) of at least 2 classes, or class indices as "
            f"integers in the target's shape. Choose the output it is fed with in metric.accuracy.inputs."
        )
    return classes


def _beside(value: Any, other: Tensor) -> Any:
    return value.to(other.device) if isinstance(value, Tensor) else value
