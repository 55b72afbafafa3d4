"""Images kept in memory as bytes, and turned into normalised floats batch by batch."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

Pair = tuple[Tensor, Tensor]


class ByteImages(Dataset[Pair]):
    """A data set of (image, target): a quarter of the memory that floats would take.

    Images leave as float32, (value / 255 - mean) / deviation for each channel. A list of indices is fetched as one
    batch.

    Args:
        images: uint8 (samples, channels, height, width).
        targets: int64 (samples,).
        mean: of each channel, in [0, 1].
        deviation: the standard deviation of each channel.
    """

    def __init__(self, images: Tensor, targets: Tensor, mean: Sequence[float], deviation: Sequence[float]) -> None:
        self.images = images
        self.targets = targets
        self._scale = (1 / (255 * torch.tensor(deviation, dtype=torch.float64))).float().view(-1, 1, 1)
        offset = -torch.tensor(mean, dtype=torch.float64) / torch.tensor(deviation, dtype=torch.float64)
        self._offset = offset.float().view(-1, 1, 1)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Pair:
        return torch.addcmul(self._offset, self.images[index], self._scale), self.targets[index]

    def __getitems__(self, indices: Sequence[int]) -> Pair:
        rows = torch.as_tensor(indices)
        return torch.addcmul(self._offset, self.images[rows], self._scale), self.targets[rows]
