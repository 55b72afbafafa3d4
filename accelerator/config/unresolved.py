"""What is said of an interpolation that leads nowhere: the nearest key, resolver or variable, and what to write."""

import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig

from accelerator.errors import first_line, nearest

_NO_KEY = re.compile(r"Interpolation key '([^']+)' not found")
_NO_RESOLVER = re.compile(r"Unsupported interpolation type (\S+)")
_NO_VARIABLE = re.compile(r"Environment variable '([^']+)' not found")
_RESOLVERS = ("oc.env", "oc.select", "oc.decode", "oc.create", "oc.dict.keys", "oc.dict.values")
_CORRECT = "Correct it, or set what it names"


def unresolved(error: BaseException, node: DictConfig | ListConfig) -> tuple[str, str]:
    """Return what is wrong with an interpolation in a part of a config, and what to do."""
    said = first_line(error)
    if variable := _NO_VARIABLE.search(said):
        name = variable[1]
        remedy = f"Set the variable, or write what counts without it: ${{oc.env:{name},DEFAULT}}"
        return f"there is no environment variable '{name}'", remedy
    close = ""
    if key := _NO_KEY.search(said):
        close = nearest(key[1], _paths(node._get_root(), ""))
    elif resolver := _NO_RESOLVER.search(said):
        close = nearest(resolver[1], _RESOLVERS)
    guess = f" Did you mean '{close}'?" if close else ""
    return f"cannot be resolved: {said.rstrip('.')}.{guess}", _CORRECT


def _paths(node: Any, above: str) -> Iterator[str]:
    """Yield the keys of a config with all above them."""
    if not isinstance(node, DictConfig) or node._is_none() or node._is_missing() or node._is_interpolation():
        return
    for name in map(str, node):
        path = f"{above}.{name}" if above else name
        yield path
        yield from _paths(node._get_node(name), path)
