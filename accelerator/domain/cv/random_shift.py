"""Random shifts of images, drawn for each sample, done for the whole batch at once."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from accelerator.errors import ComponentError
from accelerator.runtime.data.randomness import BatchRandom


class RandomShift:
    """Moves each image by whole pixels, up to `max_share` of its side in each direction; the border becomes 0.

    With 0.125 that is at most 1 pixel of 8 and 4 pixels of 32: CIFAR's usual crop of an image padded by 4.

    Args:
        max_share: of height and width, from 0 (no shift) to below 1; rounded to whole pixels.
        field: the field of the batch that holds the images, (batch, channels, height, width).

    Raises:
        ComponentError: `max_share` lies outside [0, 1), or the field holds no images.
    """

    def __init__(self, max_share: float = 0.125, field: str = "input") -> None:
        if not 0 <= max_share < 1:
            raise ComponentError(f"random_shift.max_share = {max_share}: must be at least 0 and below 1, such as 0.125.")
        self.max_share = max_share
        self.field = field

    def __call__(self, batch: Mapping[str, Any], rng: BatchRandom) -> Mapping[str, Any]:
        """Return the batch with its images shifted; the given batch stays as it is."""
        images = batch[self.field]
        if images.dim() != 4:
            raise ComponentError(
                f"random_shift: '{self.field}' has shape {tuple(images.shape)}, and images are (batch, channels, height, "
                f"width). Name the field of the images in random_shift.field, or leave the transform out."
            )
        return {**batch, self.field: self._shift(images, rng)}

    def _shift(self, images: Tensor, rng: BatchRandom) -> Tensor:
        height, width = images.shape[2:]
        rows, columns = round(self.max_share * height), round(self.max_share * width)
        padded = functional.pad(images, (columns, columns, rows, rows))
        # (batch, channels, 2 * rows + 1, 2 * columns + 1, height, width): every shift of every image, as a view
        shifts = padded.unfold(2, height, 1).unfold(3, width, 1)
        samples = torch.arange(len(images), device=images.device)
        return shifts[samples, :, rng.integers(0, 2 * rows + 1), rng.integers(0, 2 * columns + 1)]
