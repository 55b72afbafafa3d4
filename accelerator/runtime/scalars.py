"""Scalars on their way from the device to the journal.

Nothing here waits for the device while training goes on: values are kept as they are, and `fetch` brings all of them
over in one transfer. A value that is not finite is found then, with the step it belongs to.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from accelerator.config.interval import Interval
from accelerator.errors import ComponentError, NonFiniteError, did_you_mean

REDUCTIONS = ("mean", "sum", "min", "max", "last")
LOSS = "train/loss"
EPOCH_LOSS = "train/epoch_loss"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric, as it goes to the journal. `step` is the number of optimizer steps done."""

    name: str
    value: float
    step: int
    epoch: int
    time: float

    def record(self) -> dict[str, Any]:
        """Return the point as a journal record."""
        return {
            "kind": "metric",
            "name": self.name,
            "value": self.value,
            "step": self.step,
            "epoch": self.epoch,
            "time": self.time,
        }


@dataclass(slots=True)
class _Series:
    """What has come in for one name since its last point. Tensors become floats when they are fetched."""

    values: list[Any] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    reduce: str = "mean"
    is_loss: bool = False


@dataclass(slots=True)
class _Due:
    """A point whose values may still be on the device."""

    name: str
    series: _Series
    step: int
    epoch: int
    time: float

    def point(self) -> Point:
        values = [float(value) for value in self.series.values]
        return Point(self.name, reduce_values(values, self.series.reduce, self.series.items), self.step, self.epoch, self.time)


class ScalarLog:
    """Collects what is logged in training; points come out at log intervals.

    Attributes:
        waiting: points that were marked and not fetched yet.
        intervals: names that have an interval of their own.
    """

    def __init__(self, loss_names: Sequence[str]) -> None:
        self._loss = _Series(is_loss=True)
        self._only_loss = loss_names[0] if len(loss_names) == 1 else ""
        self._series: dict[str, _Series] = {}
        self.intervals: dict[str, Interval] = {}
        self._due: list[_Due] = []
        self._epoch_sum = 0.0
        self._epoch_items = 0

    @property
    def waiting(self) -> int:
        return len(self._due)

    def add_loss(self, loss: Tensor, num_items: int, terms: Mapping[str, Tensor], step: int) -> None:
        """Take the loss of one micro-batch: a scalar mean over `num_items`; `terms` are the named parts of it."""
        series = self._loss
        series.values.append(loss.detach())
        series.items.append(num_items)
        series.steps.append(step)
        for name, value in terms.items():
            self._add(f"{LOSS}_{name}", value, num_items, step, "mean", is_loss=True)

    def add(self, name: str, value: Any, step: int, reduce: str = "mean") -> None:
        """Take a number or a scalar tensor for a named point.

        Raises:
            ComponentError: `reduce` is none of `REDUCTIONS`.
        """
        if reduce not in REDUCTIONS:
            raise ComponentError(f"context.log('{name}', reduce='{reduce}'): {did_you_mean(reduce, REDUCTIONS)}")
        self._add(name, value.detach() if isinstance(value, Tensor) else value, 1, step, reduce)

    def set_interval(self, name: str, interval: Interval) -> None:
        """Give a name its own interval: its points are marked by name."""
        self.intervals[name] = interval

    def mark(self, step: int, epoch: int, names: Sequence[str] | None = None) -> None:
        """Make a point of what has come in since the last one, for all names or the given ones."""
        now = time.time()
        if names is None and self._loss.values:
            self._due.append(_Due(LOSS, self._loss, step, epoch, now))
            self._loss = _Series(is_loss=True)
        for name in [*self._series] if names is None else names:
            if name in self._series and (names is not None or name not in self.intervals):
                self._due.append(_Due(name, self._series.pop(name), step, epoch, now))

    def fetch(self) -> list[Point]:
        """Bring every value over in one transfer and return the points that were marked.

        Raises:
            NonFiniteError: a loss is NaN or infinite; says which, and at which step.
        """
        due, self._due = self._due, []
        series = [item.series for item in due] + [self._loss, *self._series.values()]
        names = [item.name for item in due] + [LOSS, *self._series]
        arrived = _bring_over(series)
        self._check_finite(names, series, arrived)
        for name, item, values in zip(names, series, arrived, strict=True):
            for place, value in values:
                if name == LOSS:
                    self._epoch_sum += value * item.items[place]
                    self._epoch_items += item.items[place]
        return [item.point() for item in due]

    def end_epoch(self, step: int, epoch: int) -> Point | None:
        """Return the mean loss over the items of the epoch, and start the next one. Fetch before."""
        if not self._epoch_items:
            return None
        point = Point(EPOCH_LOSS, self._epoch_sum / self._epoch_items, step, epoch, time.time())
        self._epoch_sum, self._epoch_items = 0.0, 0
        return point

    def state_dict(self) -> dict[str, Any]:
        """Return what has come in since the last points. Fetch before, so that all of it are numbers."""
        open_series = {LOSS: self._loss, **self._series}
        return {
            "epoch_sum": self._epoch_sum,
            "epoch_items": self._epoch_items,
            "series": {
                name: [item.values, item.items, item.steps, item.reduce, item.is_loss]
                for name, item in open_series.items()
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self._epoch_sum, self._epoch_items = state["epoch_sum"], state["epoch_items"]
        series = {name: _Series(*saved) for name, saved in state["series"].items()}
        self._loss = series.pop(LOSS)
        self._series = series

    def _add(self, name: str, value: Any, items: int, step: int, reduce: str, *, is_loss: bool = False) -> None:
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = _Series(reduce=reduce, is_loss=is_loss)
        series.values.append(value)
        series.items.append(items)
        series.steps.append(step)

    def _check_finite(
        self, names: Sequence[str], series: Sequence[_Series], arrived: Sequence[list[tuple[int, float]]]
    ) -> None:
        bad = [
            (item.steps[place], -len(name), name, value)
            for name, item, values in zip(names, series, arrived, strict=True)
            for place, value in values
            if item.is_loss and not math.isfinite(value)
        ]
        if bad:
            step, _, name, value = min(bad)  # at the first step, the longest name: the term rather than the sum
            which = f"{name} ({self._only_loss})" if name == LOSS and self._only_loss else name
            raise NonFiniteError(
                f"{which} is {value} at step {step}. The weights after it are lost; the last checkpoint is from before. "
                f"Lower optimizer.lr, set train.clip_norm=1.0, or look at the data of that step.",
                name=name,
                step=step,
            )


def _bring_over(series: Sequence[_Series]) -> list[list[tuple[int, float]]]:
    """Turn all tensors into floats, in place; return for each series (place, value) of what was a tensor."""
    where = [
        (number, place)
        for number, item in enumerate(series)
        for place, value in enumerate(item.values)
        if isinstance(value, Tensor)
    ]
    arrived: list[list[tuple[int, float]]] = [[] for _ in series]
    if where:
        tensors = [series[number].values[place] for number, place in where]
        for (number, place), value in zip(where, _floats(tensors), strict=True):
            series[number].values[place] = value
            arrived[number].append((place, value))
    return arrived


def _floats(tensors: Sequence[Tensor]) -> list[float]:
    first = tensors[0]
    if any(item.dtype != first.dtype or item.device != first.device or item.dim() for item in tensors):
        tensors = [item.to(first.device, torch.float64 if first.device.type != "mps" else torch.float32).reshape(()) for item in tensors]
    found: list[float] = torch.stack(list(tensors)).tolist()
    return found


def reduce_values(values: Sequence[float], reduce: str, weights: Sequence[int] | None = None) -> float:
    """Return several values as one: their mean (weighted), sum, min, max, or the last."""
    match reduce:
        case "mean":
            counts = [1] * len(values) if weights is None else weights
            return sum(value * count for value, count in zip(values, counts, strict=True)) / sum(counts)
        case "sum":
            return sum(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
    return values[-1]
