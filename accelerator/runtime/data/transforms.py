"""Transforms by name, in order: on batches after they were moved to the device, or on samples (`fetch.py`)."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from accelerator.errors import ComponentError
from accelerator.runtime.data.randomness import BatchRandom, mix_seed, seeded_globals

# torchvision's own batch augmentations: they mix samples on purpose, with one draw a batch.
_MIX_BATCHES = ("MixUp", "CutMix")
# Those that choose, once for all they are given, whether or in which order others are applied.
_CHOOSES = ("_RandomApplyTransform", "_AutoAugmentBase", "RandomApply", "RandomChoice", "RandomOrder")


@dataclass(frozen=True, eq=False)
class NamedTransform:
    """One transform: `function(batch, rng)`, or `function(batch)` when it takes no `rng`."""

    name: str
    function: Callable[..., Any]
    takes_rng: bool


def named_transforms(transforms: Mapping[str, Callable[..., Any]]) -> tuple[NamedTransform, ...]:
    """Return transforms in their order, each with whether it takes an `rng`."""
    return tuple(NamedTransform(name, item, _takes_rng(item)) for name, item in transforms.items() if item is not None)


def check_batch_transforms(transforms: Sequence[NamedTransform], key: str) -> None:
    """Refuse transforms that would draw once for all samples of a batch.

    Raises:
        ComponentError: a random transform of torchvision stands among the batch transforms.
    """
    for transform in transforms:
        kind = _draws_once_a_batch(transform.function)
        if kind:
            raise ComponentError(
                f"{key}.{transform.name}: torchvision's {kind} draws once for a whole batch, so all samples would get "
                f"the same change. Move it to sample_{key}.{transform.name}, where it draws for each sample."
            )


def apply_transforms(
    transforms: Sequence[NamedTransform], batch: Mapping[str, Any], seed: int, epoch: int, position: int
) -> Mapping[str, Any]:
    """Return the batch after all transforms; randomness is keyed by (seed, epoch, position, transform)."""
    size, device = batch_size_of(batch), device_of(batch)
    for stream, transform in enumerate(transforms, start=1):
        if transform.takes_rng:
            rng = BatchRandom(seed, epoch, position, size, stream=stream, device=device)
            batch = transform.function(batch, rng)
        else:
            with seeded_globals(mix_seed(seed, epoch, position, stream)):
                batch = transform.function(batch)
        check_mapping(batch, f"transform '{transform.name}'", "batch")
    return batch


def check_mapping(value: Any, who: str, what: str) -> None:
    """Refuse what a transform returned when it is no mapping of fields.

    Raises:
        ComponentError: names the transform, and what it returned.
    """
    if not isinstance(value, Mapping):
        raise ComponentError(
            f"{who} returned a {type(value).__name__}, and a mapping of fields is needed: return the {what}, also "
            f"when it was changed in place."
        )


def batch_size_of(batch: Mapping[str, Any]) -> int:
    """Return the number of samples in a batch: the length of its first tensor, else of its first list."""
    for value in batch.values():
        if isinstance(value, Tensor) and value.dim() > 0:
            return value.size(0)
    for value in batch.values():
        if isinstance(value, list | tuple):
            return len(value)
        if isinstance(value, Mapping):
            return batch_size_of(value)
    return 1


def device_of(batch: Mapping[str, Any]) -> torch.device:
    """Return the device of the first tensor of a batch; the CPU when there is none."""
    return next((value.device for value in batch.values() if isinstance(value, Tensor)), torch.device("cpu"))


def _takes_rng(function: Callable[..., Any]) -> bool:
    called = function.forward if isinstance(function, torch.nn.Module) else function
    try:
        parameters = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [item for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)]
    return any(item.name == "rng" for item in parameters) or sum(item.default is item.empty for item in positional) > 1


def _draws_once_a_batch(function: Any) -> str:
    """Return the name of the first random transform of torchvision in `function`, or ""."""
    kind = type(function)
    if kind.__module__.startswith("torchvision.transforms.v2"):
        if kind.__name__ in _MIX_BATCHES:
            return ""
        own = next((base for base in kind.__mro__ if "make_params" in vars(base) or "_get_params" in vars(base)), None)
        if (own is not None and own.__name__ != "Transform") or any(base.__name__ in _CHOOSES for base in kind.__mro__):
            return kind.__name__
    inner = vars(function).get("transforms", ()) if isinstance(function, torch.nn.Module) else ()  # a Compose's list
    inner = inner if isinstance(inner, list | tuple) else ()
    children = list(function.children()) if isinstance(function, torch.nn.Module) else []
    return next((name for name in map(_draws_once_a_batch, [*inner, *children]) if name), "")
