"""What one field of a data set holds: dtype, shapes, range, mean and spread, per channel for pictures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from accelerator.runtime.data.sample_values import Array, as_array

_MOST_SHAPES = 20
_CHANNELS = (1, 2, 3, 4)
_NUMBERS = {bool, int, float}


@dataclass
class Moments:
    """Count, mean and squared deviations of a stream of numbers, joined block by block (Chan, Golub, LeVeque 1983)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: Array) -> None:
        """Join a block of finite numbers."""
        if not values.size:
            return
        mean = float(values.mean())
        squares = float(((values - mean) ** 2).sum())
        total = self.count + values.size
        difference = mean - self.mean
        self.mean += difference * values.size / total
        self.squares += squares + difference**2 * self.count * values.size / total
        self.count = total

    @property
    def std(self) -> float:
        """The standard deviation of all numbers (divided by their count)."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0


@dataclass
class FieldStatistics:
    """One field of one set, over all samples read so far.

    | attribute | holds |
    |---|---|
    | dtypes | how many samples have each dtype; for what is no number, the Python type |
    | shapes | how many samples have each shape, the first 20 kinds |
    | minimum, maximum | over all finite numbers |
    | channels | moments of each channel of pictures, else of all numbers |

    A picture has three axes, the first or the last of them with 1 to 4 channels; where both could be it, the first is.
    """

    dtypes: dict[str, int] = field(default_factory=dict)
    shapes: dict[tuple[int, ...], int] = field(default_factory=dict)
    other_shapes: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    channels: list[Moments] = field(default_factory=list)

    def add(self, value: Any) -> bool:
        """Add one sample's value; return whether it holds a NaN or an infinity, also inside a list of arrays."""
        values = _numbers_of(value)
        name = _dtype_of(value, values)
        self.dtypes[name] = self.dtypes.get(name, 0) + 1
        if values is None:
            return isinstance(value, list | tuple) and not all(map(_is_finite, value))
        self._add_shape(values.shape)
        if values.dtype.kind == "c" or not values.size:
            return not _is_finite(values)
        numbers = values.astype(np.float64)
        parts = _channels_of(numbers)
        self.channels += [Moments() for _ in range(len(parts) - len(self.channels))]
        finite = [part[np.isfinite(part)] for part in parts]
        for moments, inside in zip(self.channels, finite, strict=False):
            moments.add(inside)
            if inside.size:
                self.minimum = min(self.minimum, float(inside.min()))
                self.maximum = max(self.maximum, float(inside.max()))
        return sum(inside.size for inside in finite) < numbers.size

    def to_json(self) -> dict[str, Any]:
        """Return all that is known, as JSON; mean and spread are null for a channel without a finite number."""
        numeric = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "mean": [moments.mean if moments.count else None for moments in self.channels],
            "std": [moments.std if moments.count else None for moments in self.channels],
        }
        shapes = {"×".join(map(str, shape)) or "scalar": count for shape, count in self.shapes.items()}
        return {
            "dtypes": self.dtypes,
            "shapes": shapes | ({"other": self.other_shapes} if self.other_shapes else {}),
            **(numeric if any(moments.count for moments in self.channels) else {}),
        }

    def _add_shape(self, shape: tuple[int, ...]) -> None:
        if shape in self.shapes or len(self.shapes) < _MOST_SHAPES:
            self.shapes[shape] = self.shapes.get(shape, 0) + 1
        else:
            self.other_shapes += 1


def fields_of(sample: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a sample, those of a mapping in it as `name.key`."""
    for name, value in sample.items():
        if isinstance(value, Mapping):
            yield from fields_of(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _numbers_of(value: Any) -> Array | None:
    """Return numbers as an array, a list of plain numbers too; None for anything else."""
    if isinstance(value, list | tuple) and value and _NUMBERS.issuperset(map(type, value)):
        numbers = np.asarray(value)
        return numbers if numbers.dtype.kind in "biuf" else None  # whole numbers may be too large for an array
    return as_array(value)


def _dtype_of(value: Any, values: Array | None) -> str:
    if isinstance(value, torch.Tensor):
        return str(value.dtype).removeprefix("torch.")
    return type(value).__name__ if values is None else str(values.dtype)


def _channels_of(numbers: Array) -> Sequence[Array]:
    if numbers.ndim == 3:
        for axis in (0, 2):
            if numbers.shape[axis] in _CHANNELS:
                return list(np.moveaxis(numbers, axis, 0))
    return [numbers]


def _is_finite(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    values = as_array(value)
    return values is None or bool(np.isfinite(values).all())
