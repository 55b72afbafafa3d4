"""An order in which one batch comes again and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from accelerator.errors import ComponentError
from accelerator.runtime.data.randomness import mix_seed


@dataclass(frozen=True)
class OneBatch:
    """The same samples, drawn once by the seed, as every batch of an epoch; of an iterable, its first ones.

    Args:
        size: samples of the batch, at least 1; where the data has fewer, all of them.
        steps: how often it comes in one epoch, at least 1.

    Example:
        >>> order = OneBatch(size=2, steps=3).order(epoch=0, seed=0, length=10)
        >>> len(order), order[0] == order[1] == order[2], len(set(order[0]))
        (3, True, 2)

    Raises:
        ComponentError: `size` or `steps` is below 1.
    """

    size: int = 64
    steps: int = 300

    def __post_init__(self) -> None:
        for name in ("size", "steps"):
            if getattr(self, name) < 1:
                raise ComponentError(f"one_batch.{name} = {getattr(self, name)}: must be at least 1.")

    @property
    def first_samples(self) -> int:
        """Samples that are read of data without a length, whose order cannot be chosen."""
        return self.size

    def order(self, epoch: int, seed: int, length: int) -> Sequence[Sequence[int]]:
        """Return `steps` times the same list of indices."""
        generator = torch.Generator().manual_seed(mix_seed(seed, 0))
        drawn: Any = torch.randperm(length, generator=generator)[: self.size]
        batch: list[int] = drawn.tolist()
        return [batch] * self.steps
