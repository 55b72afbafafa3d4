"""Tensors inside what models take and give: nested mappings, lists and tuples."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor


def map_tensors(value: Any, change: Callable[[Tensor], Any], other: Callable[[Any], Any] = lambda item: item) -> Any:
    """Return `value` with every tensor in it changed, and by `other` all that is no tensor and no container."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {name: map_tensors(item, change, other) for name, item in value.items()}
    if isinstance(value, tuple) and type(value) is not tuple:  # a named tuple is built from its parts one by one
        return type(value)(*(map_tensors(item, change, other) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(map_tensors(item, change, other) for item in value)
    return other(value)


def tensors_of(value: Any) -> list[Tensor]:
    """Return the tensors in a value, in order."""
    return [tensor for _, tensor in named_tensors(value)]


def named_tensors(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in a value with the path to each (`hidden.0`), in order; "" for the value itself."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from named_tensors(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from named_tensors(item, f"{name}.{place}" if name else str(place))
