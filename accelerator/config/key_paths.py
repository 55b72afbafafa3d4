"""The keys of a config as paths, and which of them a name alone means: `lr` is `optimizer.lr`."""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from omegaconf import DictConfig

from accelerator.config.read import is_mapping

_PART = re.compile(r"[^.\[\]]+")
_MOST = 3
_ALIKE = 0.8


def parts_of(path: str) -> list[str]:
    """Return the names in a path.

    Example:
        >>> parts_of("callback.plots[0].name")
        ['callback', 'plots', '0', 'name']
    """
    return _PART.findall(path)


def paths_below(node: Any, key: str = "") -> Iterator[str]:
    """Yield the path of each key of a config, one above before those below it; nothing is resolved."""
    for name in node if is_mapping(node) else ():
        path = f"{key}.{name}" if key else str(name)
        yield path
        child = node._get_node(name)
        if isinstance(child, DictConfig) and not child._is_interpolation():
            yield from paths_below(child, path)


def called_alike(path: str, known: Iterable[str]) -> list[str]:
    """Return the few known paths with the last name of `path`; where there is none, with the one most like it.

    Example:
        >>> called_alike("epoch", ["seed", "train.epochs", "optimizer.lr"])
        ['train.epochs']
    """
    by_name: dict[str, list[str]] = {}
    for item in known:
        by_name.setdefault(parts_of(item)[-1], []).append(item)
    last = parts_of(path)[-1:]
    alike = last if by_name.keys() & last else difflib.get_close_matches("".join(last), by_name, 1, _ALIKE)
    return by_name[alike[0]][:_MOST] if alike else []
