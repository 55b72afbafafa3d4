"""Scalars on their way from the device to the journal.

Nothing here waits for the device while training goes on: values are kept as they are, and `fetch` brings all of them
over in one transfer. A value that is not finite is found then, with the step it belongs to.
"""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from accelerator.config.interval import Interval
from accelerator.errors import ComponentError, NonFiniteError, did_you_mean

REDUCTIONS = ("mean", "sum", "min", "max", "last")
LOSS = "train/loss"
EPOCH_LOSS = "train/epoch_loss"


class Point(NamedTuple):
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


class _Mark(NamedTuple):
    """Where a point ends: it is made of the values before `end` and after the mark before."""

    end: int
    step: int
    epoch: int
    time: float


@dataclass(slots=True)
class _Series:
    """What has come in for one name and did not leave as a point. Tensors become floats when they are fetched."""

    values: list[Any] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    reduce: str = "mean"
    is_loss: bool = False
    marks: list[_Mark] = field(default_factory=list)
    num_fetched: int = 0
    """How many of the values are floats that were looked at already."""

    def add(self, value: Any, items: int, step: int) -> None:
        self.values.append(value)
        self.items.append(items)
        self.steps.append(step)

    def mark(self, step: int, epoch: int, now: float) -> None:
        end = len(self.values)
        if end > (self.marks[-1].end if self.marks else 0):
            self.marks.append(_Mark(end, step, epoch, now))

    def take_points(self, name: str) -> list[Point]:
        """Return the marked points and forget what they are made of. All values are floats by then."""
        points, start = [], 0
        for end, step, epoch, now in self.marks:
            value = self.values[start]
            if end - start > 1:
                value = reduce_values(self.values[start:end], self.reduce, self.items[start:end])
            points.append(Point(name, float(value), step, epoch, now))
            start = end
        self.marks.clear()
        del self.values[:start], self.items[:start], self.steps[:start]
        self.num_fetched = len(self.values)
        return points


class ScalarLog:
    """Collects what is logged in training; points come out at log intervals.

    Attributes:
        waiting: how often points were marked since the last fetch.
        intervals: names that have an interval of their own.
    """

    def __init__(self, loss_names: Sequence[str]) -> None:
        self.waiting = 0
        self.intervals: dict[str, Interval] = {}
        self._loss = _Series(is_loss=True)
        self._series: dict[str, _Series] = {LOSS: self._loss}
        self._only_loss = loss_names[0] if len(loss_names) == 1 else ""
        self._epoch_sum = 0.0
        self._epoch_items = 0

    def add_loss(self, loss: Tensor, num_items: int, terms: Mapping[str, Tensor], step: int) -> None:
        """Take the loss of one micro-batch: a scalar mean over `num_items`; `terms` are the named parts of it."""
        self._loss.add(loss.detach(), num_items, step)
        if terms:
            for name, value in terms.items():
                self._of(f"{LOSS}_{name}", "mean", is_loss=True).add(value, num_items, step)

    def add(self, name: str, value: Any, step: int, reduce: str = "mean") -> None:
        """Take a number or a scalar tensor for a named point.

        Raises:
            ComponentError: `reduce` is none of `REDUCTIONS`, or the value is not one number.
        """
        self._of(name, reduce).add(checked_value(name, value, reduce), 1, step)

    def set_interval(self, name: str, interval: Interval) -> None:
        """Give a name its own interval: its points are marked by name."""
        self.intervals[name] = interval

    def mark(self, step: int, epoch: int, names: Sequence[str] | None = None) -> None:
        """Make a point of what has come in since the last one, for all names or the given ones."""
        now = time.time()
        self.waiting += 1
        if names is None:
            for name, series in self._series.items():
                if name not in self.intervals:
                    series.mark(step, epoch, now)
        else:
            for name in names:
                if name in self._series:
                    self._series[name].mark(step, epoch, now)

    def fetch(self) -> list[Point]:
        """Bring every value over in one transfer and return the points that were marked.

        Raises:
            NonFiniteError: a loss is NaN or infinite; says which, and at which step.
        """
        self.waiting = 0
        _bring_over(self._series.values())
        self._check_finite()
        loss = self._loss
        for value, items in zip(loss.values[loss.num_fetched :], loss.items[loss.num_fetched :], strict=True):
            self._epoch_sum += value * items
            self._epoch_items += items
        return [point for name, series in self._series.items() for point in series.take_points(name)]

    def epoch_point(self, step: int, epoch: int) -> Point | None:
        """Return the mean loss over the items of the epoch so far. Fetch before."""
        if not self._epoch_items:
            return None
        return Point(EPOCH_LOSS, self._epoch_sum / self._epoch_items, step, epoch, time.time())

    def start_epoch(self) -> None:
        """Forget the losses of the epoch that has ended."""
        self._epoch_sum, self._epoch_items = 0.0, 0

    def open_loss(self) -> float | None:
        """Return the mean loss since the last point; None when there is none. Fetch before."""
        loss = self._loss
        return reduce_values(loss.values, "mean", loss.items) if loss.values else None

    def state_dict(self) -> dict[str, Any]:
        """Return what has come in since the last points. Fetch before, so that all of it are numbers."""
        return {
            "epoch_sum": self._epoch_sum,
            "epoch_items": self._epoch_items,
            "intervals": {name: str(interval) for name, interval in self.intervals.items()},
            "series": {
                name: [item.values, item.items, item.steps, item.reduce, item.is_loss]
                for name, item in self._series.items()
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        self._epoch_sum, self._epoch_items = state["epoch_sum"], state["epoch_items"]
        self.intervals = {name: Interval.parse(text) for name, text in state["intervals"].items()}
        self._series = {}
        for name, (values, items, steps, reduce, is_loss) in state["series"].items():
            restored = _Series(list(values), list(items), list(steps), reduce, is_loss, num_fetched=len(values))
            self._series[name] = restored
        self._loss = self._series[LOSS]

    def _of(self, name: str, reduce: str, *, is_loss: bool = False) -> _Series:
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = _Series(reduce=reduce, is_loss=is_loss)
        return series

    def _check_finite(self) -> None:
        bad = [
            (series.steps[place], -len(name), name, series.values[place])
            for name, series in self._series.items()
            if series.is_loss and not all(map(math.isfinite, series.values))
            for place, value in enumerate(series.values)
            if not math.isfinite(value)
        ]
        if bad:
            step, _, name, value = min(bad)  # at the first step, the longest name: the term rather than the sum
            which = f"{name} ({self._only_loss})" if name == LOSS and self._only_loss else name
            raise NonFiniteError(
                f"{which} is {value} at step {step}. The weights after it are lost; the last checkpoint is older. "
                f"Lower optimizer.lr, set train.clip_norm=1.0, or look at the data of that step.",
                name=name,
                step=step,
            )


def _bring_over(every: Iterable[_Series]) -> None:
    """Turn all tensors into floats, in place, by one transfer."""
    where = [
        (series.values, place)
        for series in every
        for place in range(series.num_fetched, len(series.values))
        if isinstance(series.values[place], Tensor)
    ]
    if where:
        for (values, place), value in zip(where, _floats([values[place] for values, place in where]), strict=True):
            values[place] = value


def _floats(tensors: list[Tensor]) -> list[float]:
    first = tensors[0]
    if any(item.dtype != first.dtype or item.device != first.device or item.dim() for item in tensors):
        exact = torch.float32 if first.device.type == "mps" else torch.float64
        tensors = [item.to(first.device, exact).reshape(()) for item in tensors]
    found: list[float] = torch.stack(tensors).tolist()
    return found


def checked_value(name: str, value: Any, reduce: str) -> Tensor | float:
    """Return what `context.log` was given as a scalar tensor, still on its device, or as a float.

    Raises:
        ComponentError: `reduce` is none of `REDUCTIONS`, or the value is not one number.
    """
    if reduce not in REDUCTIONS:
        raise ComponentError(f"context.log('{name}', reduce='{reduce}'): {did_you_mean(reduce, REDUCTIONS)}")
    what = f"a {type(value).__name__}"
    if isinstance(value, Tensor):
        if value.numel() == 1:
            return value.detach()
        what = f"a tensor of shape {tuple(value.shape)}"
    else:
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    raise ComponentError(f"context.log('{name}', …): {what} is not one number. Log its mean, or each part by a name.")


def reduce_values(values: Sequence[float], reduce: str, weights: Sequence[int] | None = None) -> float:
    """Return several values as one: their mean (weighted), sum, min, max, or the last."""
    match reduce:
        case "mean":
            counts = [1] * len(values) if weights is None else weights
            weighted = sum(value * count for value, count in zip(values, counts, strict=True))
            return weighted / max(sum(counts), 1)  # steps of padding alone have no item
        case "sum":
            return sum(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
    return values[-1]
