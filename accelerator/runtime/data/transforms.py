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
        if _draws_once_a_batch(transform.function):
            kind = type(transform.function).__name__
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
    return batch


def batch_size_of(batch: Mapping[str, Any]) -> int:
    """Return the number of samples in a batch: the length of its first tensor, else of its first list."""
    for value in batch.values():
        if isinstance(value, Tensor) and value.dim() > 0:
            return value.shape[0]
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


def _draws_once_a_batch(function: Callable[..., Any]) -> bool:
    kind = type(function)
    if not kind.__module__.startswith("torchvision.transforms.v2") or kind.__name__ in _MIX_BATCHES:
        return False
    names = {base.__name__ for base in kind.__mro__}
    own = next((base for base in kind.__mro__ if "make_params" in vars(base) or "_get_params" in vars(base)), None)
    return "_RandomApplyTransform" in names or (own is not None and own.__name__ != "Transform")
