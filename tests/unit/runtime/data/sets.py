"""Small data sets of every make."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset


class Numbers(Dataset[tuple[Tensor, int]]):
    """Sample i is (a tensor of i, i)."""

    def __init__(self, length: int = 10) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        index = range(self._length)[index]  # also from the end
        return torch.tensor([float(index)]), index


class ManyNumbers(Numbers):
    """The same, fetched many at once as a list of samples."""

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        raise AssertionError("fetched one by one")

    def __getitems__(self, indices: list[int]) -> list[tuple[Tensor, int]]:
        return [Numbers.__getitem__(self, index) for index in indices]


class NumberBatches(Numbers):
    """The same, fetched as a batch that is complete."""

    def __getitems__(self, indices: list[int]) -> dict[str, Tensor]:
        return {"input": torch.tensor([[float(index)] for index in indices]), "target": torch.tensor(indices)}


class NoisyNumbers(Numbers):
    """Draws from all three global generators for each sample."""

    def __getitem__(self, index: int) -> Any:
        import random  # the module of the process that fetches

        noise = [torch.rand(()).item(), float(np.random.rand()), random.random()]
        return {"input": torch.tensor([float(index), *noise]), "target": index}


class Stream(IterableDataset[tuple[Tensor, int]]):
    """Reads 0 … length - 1."""

    def __init__(self, length: int = 10) -> None:
        self.length = length

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        for index in range(self.length):
            yield torch.tensor([float(index)]), index


class SizedStream(Stream):
    """A stream that tells its length, as many do."""

    def __len__(self) -> int:
        return self.length


class ShuffledStream(Stream):
    """Draws its order from a global generator before the first sample is asked for."""

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        order = torch.randperm(self.length).tolist()
        return iter([(torch.tensor([float(index)]), index) for index in order])
