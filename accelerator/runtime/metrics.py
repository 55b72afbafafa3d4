"""Metrics of a split: fed batch by batch, read once at its end.

A metric is any object with the methods of `Metric`. Those of torchmetrics, which merge in their own way and keep
their state out of `state_dict` unless told otherwise, are wrapped; torchmetrics itself is never imported here.
"""

import copy
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from accelerator.errors import ComponentError
from accelerator.runtime.fields import look_up
from accelerator.runtime.losses import DEFAULT_INPUTS

METHODS = ("update", "compute", "reset", "state_dict", "load_state_dict", "merge")


@runtime_checkable
class Metric(Protocol):
    """What a metric must do."""

    def update(self, *values: Any) -> None:
        """Take in one batch: the values that `inputs` names."""

    def compute(self) -> Any:
        """Return the value over everything since `reset`: a number, a scalar tensor, or a mapping of them."""

    def reset(self) -> None:
        """Forget everything."""

    def state_dict(self) -> dict[str, Any]:
        """Return the accumulated state."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back an accumulated state."""

    def merge(self, other: Any) -> None:
        """Take in what another metric of the same class has accumulated."""


@dataclass(frozen=True)
class MetricTerm:
    """One named metric: what is fed, with which values, on which splits."""

    metric: Any
    inputs: Sequence[str] = DEFAULT_INPUTS
    on: Collection[str] = ("validation", "test")


class Metrics:
    """The metrics of one split.

    Attributes:
        metrics: metric by name, on the engine's device.
    """

    def __init__(self, terms: Mapping[str, MetricTerm], split: str, device: torch.device) -> None:
        self._inputs = {name: term.inputs for name, term in terms.items() if split in term.on}
        self.metrics: dict[str, Metric] = {
            name: as_metric(copy.deepcopy(terms[name].metric), name, device) for name in self._inputs
        }

    def update(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        """Feed one batch to every metric.

        Raises:
            ConfigError: a metric names an input that neither the outputs nor the batch have.
        """
        for name, metric in self.metrics.items():
            metric.update(*[look_up(item, outputs, batch, user=f"metric.{name}") for item in self._inputs[name]])

    def compute(self) -> dict[str, float]:
        """Return every value by name; a metric that gives a mapping gives `name_key` for each of its values."""
        values: dict[str, float] = {}
        for name, metric in self.metrics.items():
            found = metric.compute()
            parts = (
                {f"{name}_{key}": value for key, value in found.items()}
                if isinstance(found, Mapping)
                else {name: found}
            )
            values |= {key: _as_float(value, name) for key, value in parts.items()}
        return values

    def reset(self) -> None:
        """Forget everything."""
        for metric in self.metrics.values():
            metric.reset()

    def state_dict(self) -> dict[str, Any]:
        """Return the accumulated state of every metric."""
        return {name: dict(metric.state_dict()) for name, metric in self.metrics.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        for name, metric in self.metrics.items():
            if name in state:  # a metric that a resume brings along starts empty
                metric.load_state_dict(state[name])


def as_metric(metric: Any, name: str, device: torch.device) -> Metric:
    """Return the metric ready for use on `device`; one of torchmetrics is wrapped.

    Raises:
        ComponentError: a method is missing; names it.
    """
    torchmetrics = sys.modules.get("torchmetrics")
    if torchmetrics is not None and isinstance(metric, torchmetrics.Metric):
        return _TorchMetric(metric.to(device), device)
    missing = [method for method in METHODS if not callable(getattr(metric, method, None))]
    if missing:
        raise ComponentError(
            f"metric '{name}' ({type(metric).__qualname__}) lacks {', '.join(missing)}. "
            f"A metric has {', '.join(METHODS)}, or is a torchmetrics.Metric."
        )
    ready: Any = metric.to(device) if isinstance(metric, torch.nn.Module) else metric
    found: Metric = ready
    return found


class _TorchMetric:
    """A torchmetrics metric with our methods."""

    def __init__(self, metric: Any, device: torch.device) -> None:
        self._metric = metric
        self._device = device
        metric.persistent(True)

    def update(self, *values: Any) -> None:
        self._metric.update(*values)

    def compute(self) -> Any:
        return self._metric.compute()

    def reset(self) -> None:
        self._metric.reset()

    def state_dict(self) -> dict[str, Any]:
        return dict(self._metric.state_dict()) | {"_update_count": self._metric._update_count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        state = dict(state)
        self._metric._update_count = state.pop("_update_count")
        self._metric.load_state_dict(state)
        self._metric.to(self._device)

    def merge(self, other: Any) -> None:
        self._metric.merge_state(other._metric)


def _as_float(value: Any, name: str) -> float:
    if isinstance(value, Tensor) and value.numel() != 1:
        raise _no_number(name, f"a tensor of shape {tuple(value.shape)}")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise _no_number(name, f"a {type(value).__name__}") from error


def _no_number(name: str, what: str) -> ComponentError:
    return ComponentError(
        f"metric '{name}' gives {what}; a metric gives one number or a mapping of numbers. Choose an average in its "
        f"config (torchmetrics: average=macro)."
    )
