"""Named, weighted losses, added up to the one that is trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from accelerator.errors import ComponentError, ConfigError, Problem
from accelerator.runtime.fields import look_up
from accelerator.runtime.task import LossValue

DEFAULT_INPUTS = ("prediction", "target")


@dataclass(frozen=True)
class LossTerm:
    """One named loss: what is called, with which values, and how much it weighs in the sum."""

    loss: Callable[..., Tensor | LossValue]
    weight: float = 1.0
    inputs: Sequence[str] = DEFAULT_INPUTS
    transform: Callable[[Any], Any] | None = None
    """Applied to each input before the loss sees it."""


class TotalLoss(NamedTuple):
    """The weighted sum of all terms: a scalar mean over `num_items` (None: over the samples of the batch).

    `terms` holds the unweighted mean of each term, when there are several.
    """

    loss: Tensor
    num_items: int | None = None
    terms: Mapping[str, Tensor] = MappingProxyType({})


class Losses:
    """All terms of a run. Called with the task's outputs and the batch.

    Attributes:
        terms: the terms by name.
    """

    def __init__(self, terms: Mapping[str, LossTerm]) -> None:
        self.terms = dict(terms)
        only = next(iter(self.terms.values())) if len(self.terms) == 1 else None
        self._single = only if only is not None and only.weight == 1.0 and only.transform is None else None
        self._single_name = next(iter(self.terms), "")

    def __call__(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> TotalLoss:
        """Return the weighted sum of the terms.

        Raises:
            ConfigError: a term names an input that neither the outputs nor the batch have, or there is no term.
            ComponentError: a loss gives something else than one number.
        """
        if not self.terms:
            raise ConfigError(Problem("loss", "there is none to train on", "Choose one, such as loss=cross_entropy."))
        if self._single is not None:
            value, num_items = _mean(self._single, self._single_name, outputs, batch)
            return TotalLoss(value, num_items)
        means = {name: _mean(term, name, outputs, batch) for name, term in self.terms.items()}
        total = sum(self.terms[name].weight * mean for name, (mean, _) in means.items())
        counts = [count for _, count in means.values() if count is not None]
        terms = {name: mean.detach() for name, (mean, _) in means.items()}
        return TotalLoss(torch.as_tensor(total), counts[0] if counts else None, terms)

    def state_dict(self) -> dict[str, Any]:
        """Return what the losses that are modules keep from step to step, by term."""
        return {
            name: dict(item.loss.state_dict())
            for name, item in self.terms.items()
            if isinstance(item.loss, torch.nn.Module)
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` returned; a term that a resume brings along starts anew."""
        for name, item in self.terms.items():
            if name in state and isinstance(item.loss, torch.nn.Module):
                item.loss.load_state_dict(state[name])

    def modules(self) -> list[torch.nn.Module]:
        """Return the losses and transforms that are modules, so that their buffers can be moved to the device."""
        parts = [part for term in self.terms.values() for part in (term.loss, term.transform)]
        return [part for part in parts if isinstance(part, torch.nn.Module)]


def _mean(term: LossTerm, name: str, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> tuple[Tensor, int | None]:
    user = f"loss.{name}"
    values = [look_up(field_name, outputs, batch, user=user) for field_name in term.inputs]
    if term.transform is not None:
        values = [term.transform(value) for value in values]
    value = term.loss(*values)
    if isinstance(value, LossValue):
        _check_scalar(value.total, name)
        num_items = int(value.num_items)
        return value.total / max(num_items, 1), num_items  # a micro-batch of padding alone has no item, and no loss
    _check_scalar(value, name)
    return value, None


def _check_scalar(value: Any, name: str) -> None:
    if isinstance(value, Tensor) and value.dim() == 0:
        return
    what = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
    raise ComponentError(
        f"loss '{name}' gives {what}, and one number is needed. Take its mean (torch: reduction=mean), or return a "
        f"LossValue(total, num_items)."
    )
