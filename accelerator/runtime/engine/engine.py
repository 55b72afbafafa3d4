"""Where and how a model computes: device, precision, compilation, and the processes that share the work."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor


class Engine(ABC):
    """Base of all engines. The loop calls these and nothing else of torch's device and precision machinery.

    Attributes:
        device: where the model and the batches are.
        rank: this process among `world_size`; 0 when there is one.
        world_size: processes that train together.
        threads: CPU threads as asked for; None where torch chose.
        is_asynchronous: whether work on the device goes on while Python does.
    """

    device: torch.device
    rank: int = 0
    world_size: int = 1
    is_asynchronous: bool = False
    threads: int | None = None

    @abstractmethod
    def start(self) -> None:
        """Set what is global to the process (threads, deterministic kernels); before anything is built."""

    @abstractmethod
    def stop(self) -> None:
        """Put back what `start` set."""

    @abstractmethod
    def prepare(self, model: torch.nn.Module) -> torch.nn.Module:
        """Return the model ready to train: on the device, in the best memory format, compiled if asked for."""

    @abstractmethod
    def move(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return the batch on the device; whatever has no `.to` stays as it is, nested values are reached too."""

    @abstractmethod
    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which forward passes run."""

    @abstractmethod
    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a scalar loss to the parameters."""

    @abstractmethod
    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Make the gradients of an optimizer's parameters true values, before they are clipped or read."""

    @abstractmethod
    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Step one optimizer; a step with overflown fp16 gradients is left out and the scale lowered."""

    @abstractmethod
    def report(self) -> list[str]:
        """Return what is switched on, a few words each, for the user to see."""

    def state_dict(self) -> dict[str, Any]:
        """Return what must survive a resume (the loss scale); nothing by default."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""


def move_nested(value: Any, device: torch.device, *, non_blocking: bool) -> Any:
    """Return a value on `device`: tensors and whatever has `.to`, inside mappings, lists and tuples too."""
    if isinstance(value, Tensor):
        return value if value.device == device else value.to(device, non_blocking=non_blocking)
    to = getattr(value, "to", None)
    if callable(to):
        return to(device)
    if isinstance(value, Mapping):
        return {name: move_nested(item, device, non_blocking=non_blocking) for name, item in value.items()}
    if isinstance(value, tuple) and type(value) is not tuple:  # a named tuple is built from its parts one by one
        return type(value)(*_each(value, device, non_blocking=non_blocking))
    if isinstance(value, list | tuple):
        return type(value)(_each(value, device, non_blocking=non_blocking))
    return value


def _each(values: Iterable[Any], device: torch.device, *, non_blocking: bool) -> list[Any]:
    return [move_nested(item, device, non_blocking=non_blocking) for item in values]
