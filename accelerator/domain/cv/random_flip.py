"""Random mirroring of images, drawn for each sample, done for the whole batch at once."""

from collections.abc import Mapping
from typing import Any

import torch

from accelerator.config.declared import gives
from accelerator.errors import ComponentError
from accelerator.runtime.data.randomness import BatchRandom


@gives()
class RandomFlip:
    """Mirrors each image left to right with the given probability.

    Args:
        probability: from 0 to 1.
        field: the field of the batch that holds the images, (batch, channels, height, width).

    Raises:
        ComponentError: `probability` lies outside [0, 1].
    """

    def __init__(self, probability: float = 0.5, field: str = "input") -> None:
        if not 0 <= probability <= 1:
            raise ComponentError(f"random_flip.probability = {probability}: must be from 0 to 1.")
        self.probability = probability
        self.field = field

    def __call__(self, batch: Mapping[str, Any], rng: BatchRandom) -> Mapping[str, Any]:
        """Return the batch with some of its images mirrored; the given batch stays as it is."""
        images = batch[self.field]
        flipped = rng.bernoulli(self.probability).view(-1, *[1] * (images.dim() - 1))
        return {**batch, self.field: torch.where(flipped, images.flip(-1), images)}
