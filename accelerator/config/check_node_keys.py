"""Whether Hydra's own keys of a component node (`_partial_`, `_args_`, …) hold what they may hold."""

from collections.abc import Iterable
from typing import Any

from omegaconf import ListConfig

from accelerator.config.annotations import UNKNOWN
from accelerator.config.component_nodes import ComponentNode, value_at
from accelerator.config.read import Reader, join

_CONVERSIONS = ("none", "partial", "object", "all")


def check_node_keys(nodes: Iterable[ComponentNode], reader: Reader) -> None:
    """Note each key of Hydra's with another value than those it knows, and an optimizer that would not be built."""
    for item in nodes:
        for name in ("_partial_", "_recursive_", "_convert_", "_args_"):
            value = value_at(item.node, name) if name in item.node else UNKNOWN
            problem = "" if value is UNKNOWN else _problem(name, value)
            if problem:
                reader.add(join(item.key, name), problem, "Correct or remove it", value=value)
        is_unbuilt = "_partial_" in item.node and value_at(item.node, "_partial_") is True
        if is_unbuilt and item.is_outermost and item.kind == "optimizer":
            text = "leaves the optimizer unbuilt. The parameters that it lacks are given to it without that"
            reader.add(join(item.key, "_partial_"), text, "Remove it", value=True)


def _problem(name: str, value: Any) -> str:
    if name in ("_partial_", "_recursive_"):
        return "" if isinstance(value, bool) else "must be true or false"
    if name == "_convert_":
        return "" if value in _CONVERSIONS else f"must be {', '.join(_CONVERSIONS[:-1])} or {_CONVERSIONS[-1]}"
    return "" if isinstance(value, list | tuple | ListConfig) else "must be a list: the arguments by position"
