"""Which samples make up which step of an epoch: pure arithmetic over the order that a sampler gives.

`batch_size` is the samples of one optimizer step over all ranks and micro-batches. Each step's samples are dealt out
to the ranks in contiguous shares, and each share is cut into micro-batches. A position in an epoch is a number of
steps, so going on from the middle of an epoch reads nothing of what came before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from accelerator.errors import ConfigError, Problem
from accelerator.runtime.data.randomness import mix_seed
from accelerator.runtime.data.splits import Sampler


@dataclass(frozen=True, slots=True)
class Request:
    """One micro-batch to fetch: its samples, and where they stand in the epoch."""

    indices: Sequence[int]
    epoch: int
    position: int
    """Position in the epoch of the first sample, counted over all ranks."""
    ends_step: bool


@dataclass(frozen=True)
class ShuffleSampler:
    """Every sample once an epoch, in an order drawn from (seed, epoch)."""

    def order(self, epoch: int, seed: int, length: int) -> Sequence[int]:
        """Return a permutation of `range(length)`."""
        generator = torch.Generator().manual_seed(mix_seed(seed, epoch))
        order: Any = torch.randperm(length, generator=generator)
        found: Sequence[int] = order
        return found


@dataclass(frozen=True)
class SequentialSampler:
    """Every sample once, in the data's own order."""

    def order(self, epoch: int, seed: int, length: int) -> Sequence[int]:
        """Return `0 … length - 1`."""
        return range(length)


@dataclass(frozen=True)
class Shape:
    """How an epoch is cut into steps, and which share of each is ours."""

    batch_size: int
    micro_batch_size: int
    drop_last: bool = False
    rank: int = 0
    world_size: int = 1

    def __post_init__(self) -> None:
        share, rest = divmod(self.batch_size, self.world_size)
        if rest or share % self.micro_batch_size:
            raise ConfigError(
                Problem(
                    "loader.batch_size",
                    f"{self.batch_size} samples a step cannot be dealt out to {self.world_size} processes in "
                    f"micro-batches of {self.micro_batch_size}",
                    f"Choose a multiple of {self.world_size * self.micro_batch_size}, or set loader.micro_batch_size.",
                )
            )

    @property
    def accumulation(self) -> int:
        """Micro-batches of one rank in a full step."""
        return self.batch_size // (self.world_size * self.micro_batch_size)


@dataclass(frozen=True)
class EpochPlan:
    """The steps of every epoch of a data set with a length."""

    length: int
    shape: Shape
    sampler: Sampler
    seed: int

    def order(self, epoch: int) -> Sequence[Any]:
        """Return the sampler's order: indices, or lists of indices, each of which is one step."""
        return self.sampler.order(epoch, self.seed, self.length)

    def num_steps(self, epoch: int) -> int:
        """Return the optimizer steps of an epoch."""
        order = self.order(epoch)
        if is_batched(order):
            return len(order)
        full, rest = divmod(len(order), self.shape.batch_size)
        return full if self.shape.drop_last or not rest else full + 1

    def requests(self, epoch: int, first_step: int) -> Iterator[Request]:
        """Yield our micro-batches from the given step of the epoch on."""
        order = self.order(epoch)
        position = 0
        for number, step in enumerate(_steps(order, self.shape)):
            if number >= first_step:
                yield from self._micro_batches(step, epoch, position)
            position += len(step)

    def _micro_batches(self, step: Sequence[int], epoch: int, position: int) -> Iterator[Request]:
        start, stop = _share(len(step), self.shape.rank, self.shape.world_size)
        # A sampler's own batch is taken whole, whatever its size, unless micro-batches were asked for.
        size = self.shape.micro_batch_size if self.shape.accumulation > 1 else max(1, stop - start)
        for begin in range(start, stop, size):
            end = min(begin + size, stop)
            indices = step[begin:end]
            plain = indices.tolist() if isinstance(indices, Tensor) else indices
            yield Request([int(index) for index in plain], epoch, position + begin, ends_step=end == stop)


def _steps(order: Sequence[Any], shape: Shape) -> Iterator[Sequence[int]]:
    if is_batched(order):
        yield from order
        return
    last = len(order) - len(order) % shape.batch_size if shape.drop_last else len(order)
    for start in range(0, last, shape.batch_size):
        yield order[start : min(start + shape.batch_size, last)]


def is_batched(order: Sequence[Any]) -> bool:
    """Tell whether an order is one of batches: of lists, tensors or arrays of indices."""
    return len(order) > 0 and (isinstance(order[0], Sequence) or getattr(order[0], "ndim", 0) > 0)


def _share(length: int, rank: int, world_size: int) -> tuple[int, int]:
    """Return the contiguous share of a rank; shares differ by at most one sample."""
    return length * rank // world_size, length * (rank + 1) // world_size
