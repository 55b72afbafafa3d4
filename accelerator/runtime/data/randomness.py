"""Randomness that belongs to a sample: its key is (seed, epoch, position in the epoch).

So what an augmentation does to a sample depends neither on workers, ranks or micro-batches nor on what was drawn
before it, and a resumed run draws the same. Batched draws are counter based: the key of each sample and the number
of the draw are mixed by the SplitMix64 finalizer (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
OOPSLA 2014), vectorised over the batch on any device, and equal on all of them.
"""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


def mix_seed(*parts: int) -> int:
    """Return one 63-bit seed from several integers; a different one for every different sequence of them."""
    state = 0
    for part in parts:
        state = _mix((state ^ (part & _MASK)) + _GOLDEN)
    return state >> 1


class BatchRandom:
    """Random draws for a batch, one independent stream for each sample.

    Every method returns a tensor of shape `(batch, *size)`. `epoch` and `position` (of the first sample, counted over
    all ranks) name the samples; `stream` keeps transforms of one batch apart.
    """

    def __init__(
        self,
        seed: int,
        epoch: int,
        position: int,
        batch_size: int,
        *,
        stream: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        self.batch_size = batch_size
        self.device = torch.device(device)
        base = mix_seed(seed, epoch, stream)
        positions = torch.arange(position, position + batch_size, dtype=torch.int64, device=self.device)
        self._keys = _mix_tensor(positions * _signed(_GOLDEN) + _signed(base))
        self._draws = 0

    def random(self, size: tuple[int, ...] = ()) -> Tensor:
        """Draw float32 uniformly from [0, 1)."""
        bits = (self._bits(size) >> 40) & 0xFFFFFF  # 24 bits: what a float32 holds exactly
        return bits.to(torch.float32) * 2.0**-24

    def uniform(self, low: float = 0.0, high: float = 1.0, size: tuple[int, ...] = ()) -> Tensor:
        """Draw float32 uniformly from [low, high); rounding may give `high` itself where it is far from 0."""
        return self.random(size) * (high - low) + low

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: tuple[int, ...] = ()) -> Tensor:
        """Draw float32 from a normal distribution (Box and Muller 1958)."""
        radius = torch.sqrt(-2.0 * torch.log1p(-self.random(size)))
        return radius * torch.cos(2.0 * math.pi * self.random(size)) * scale + loc

    def integers(self, low: int, high: int, size: tuple[int, ...] = ()) -> Tensor:
        """Draw int64 uniformly from [low, high). `high - low` is at most 2**31."""
        return (self._bits(size) & 0x7FFFFFFFFFFFFFFF) % (high - low) + low  # 63 bits: the remainder's bias is < 2**-32

    def bernoulli(self, probability: float, size: tuple[int, ...] = ()) -> Tensor:
        """Draw bool, True with the given probability."""
        return self.random(size) < probability

    def _bits(self, size: tuple[int, ...]) -> Tensor:
        count = math.prod(size)
        counters = torch.arange(self._draws + 1, self._draws + 1 + count, dtype=torch.int64, device=self.device)
        self._draws += count
        mixed = _mix_tensor(self._keys.unsqueeze(1) + counters * _signed(_GOLDEN))
        return mixed.view(self.batch_size, *size)


def sample_generator(seed: int, epoch: int, position: int, stream: int = 0) -> np.random.Generator:
    """Return NumPy's generator for one sample, keyed like `BatchRandom`: what a sample transform draws from."""
    return np.random.Generator(np.random.PCG64(mix_seed(seed, epoch, stream, position)))


def seed_globals(seed: int) -> None:
    """Seed the global generators of torch (CPU), NumPy and Python."""
    torch.default_generator.manual_seed(seed)
    np.random.seed(seed & 0xFFFFFFFF)
    random.seed(seed)


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed the global generators of torch (CPU), NumPy and Python for a block, and put them back after it."""
    before = (torch.get_rng_state(), np.random.get_state(), random.getstate())
    seed_globals(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])
        random.setstate(before[2])


def _signed(value: int) -> int:
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


def _mix(value: int) -> int:
    value &= _MASK
    value = ((value ^ (value >> 30)) * _MIX_1) & _MASK
    value = ((value ^ (value >> 27)) * _MIX_2) & _MASK
    return value ^ (value >> 31)


def _mix_tensor(value: Tensor) -> Tensor:
    value = (value ^ _shift_right(value, 30)) * _signed(_MIX_1)
    value = (value ^ _shift_right(value, 27)) * _signed(_MIX_2)
    return value ^ _shift_right(value, 31)


def _shift_right(value: Tensor, bits: int) -> Tensor:
    """Shift as if unsigned: int64 `>>` copies the sign bit in."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)
