"""The leaves of nested values: each with its path, `optimizer.lr` or `callback.plots.0.name`; or each made another."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value below `value` with its path below `key`; what is empty, and a list of plain values, is a leaf.

    Example:
        >>> dict(leaves({"a": {"b": 1}, "c": [1, 2], "d": [{"e": 3}], "f": {}}))
        {'a.b': 1, 'c': [1, 2], 'd.0.e': 3, 'f': {}}
    """
    if isinstance(value, Mapping) and (value or not key):
        for name, item in value.items():
            yield from leaves(item, _below(key, name))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for place, item in enumerate(value):
            yield from leaves(item, _below(key, place))
    else:
        yield key, value


def map_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return nested values in which each that is no mapping and no list is what `change` gives for it.

    Example:
        >>> map_leaves({"a": [1, {"b": 2}]}, str)
        {'a': ['1', {'b': '2'}]}
    """
    if isinstance(value, Mapping):
        return {name: map_leaves(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [map_leaves(item, change) for item in value]
    return change(value)


def _below(key: str, name: Any) -> str:
    return f"{key}.{name}" if key else str(name)
