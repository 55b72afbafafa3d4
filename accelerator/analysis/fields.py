"""What one field of a data set holds: dtype, shapes, range, mean and spread, per channel for pictures."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from accelerator.runtime.data.sample_values import Array

_MOST_SHAPES = 20
_CHANNELS = (1, 3, 4)


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
    | channels | moments of each channel: of the first axis of pictures (1, 3 or 4, height, width), else of all |
    """

    dtypes: dict[str, int] = field(default_factory=dict)
    shapes: dict[tuple[int, ...], int] = field(default_factory=dict)
    other_shapes: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    channels: list[Moments] = field(default_factory=list)

    def add(self, values: Array | None, kind: str = "") -> bool:
        """Add one sample's value; return whether it holds a NaN or an infinity.

        Args:
            values: the numbers; None for a value that is none, of type `kind`.
            kind: the type's name.
        """
        name = str(values.dtype) if values is not None else kind
        self.dtypes[name] = self.dtypes.get(name, 0) + 1
        if values is None:
            return False
        self._add_shape(values.shape)
        if values.dtype.kind == "c" or not values.size:
            return False
        numbers = values.astype(np.float64)
        is_picture = numbers.ndim == 3 and numbers.shape[0] in _CHANNELS
        parts = list(numbers) if is_picture else [numbers]
        self.channels += [Moments() for _ in range(len(parts) - len(self.channels))]
        finite = [part[np.isfinite(part)] for part in parts]
        for moments, inside in zip(self.channels, finite, strict=False):
            moments.add(inside)
            if inside.size:
                self.minimum = min(self.minimum, float(inside.min()))
                self.maximum = max(self.maximum, float(inside.max()))
        return sum(inside.size for inside in finite) < numbers.size

    def to_json(self) -> dict[str, Any]:
        """Return all that is known, as JSON."""
        known = [moments for moments in self.channels if moments.count]
        numeric = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "mean": [moments.mean for moments in known],
            "std": [moments.std for moments in known],
        }
        shapes = {"×".join(map(str, shape)) or "scalar": count for shape, count in self.shapes.items()}
        return {
            "dtypes": self.dtypes,
            "shapes": shapes | ({"other": self.other_shapes} if self.other_shapes else {}),
            **(numeric if known else {}),
        }

    def _add_shape(self, shape: tuple[int, ...]) -> None:
        if shape in self.shapes or len(self.shapes) < _MOST_SHAPES:
            self.shapes[shape] = self.shapes.get(shape, 0) + 1
        else:
            self.other_shapes += 1
