"""Where component nodes stand in a config, nested ones too, and what the builder gives each of them by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from omegaconf import DictConfig, ListConfig
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.annotations import UNKNOWN
from accelerator.config.read import is_mapping, is_node, join, long_form
from accelerator.config.schema import (
    ENTRIES,
    NODES,
    TRANSFORM_SPLITS,
    TRANSFORMS,
    OptimizerEntry,
    SchedulerEntry,
)

TARGET = "_target_"
OWN_KEYS = (TARGET, "_partial_", "_args_", "_convert_", "_recursive_")
"""Hydra's keys of a node: they are no arguments."""
_DEEPEST = 60  # a node that holds an interpolation of itself has no end


@dataclass(frozen=True)
class ComponentNode:
    """One mapping with a `_target_`."""

    key: str
    kind: str
    """The kind of component that its bare name is looked up in: that of the place where the outermost node stands."""
    node: Mapping[str, Any]
    is_outermost: bool
    is_called: bool = True
    """False inside a node with `_recursive_: false`, which is handed on as it stands."""

    @property
    def target(self) -> Any:
        """What `_target_` holds; UNKNOWN when that is an interpolation which only a run can resolve."""
        return value_at(self.node, TARGET)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments by name, as plain values: UNKNOWN stands for what nested nodes build."""
        return {str(name): plain(value_at(self.node, name)) for name in self.node if name not in OWN_KEYS}

    @property
    def num_positional(self) -> int:
        """How many positional arguments it is called with: `_args_`, and what the builder puts before them."""
        listed = value_at(self.node, "_args_") if "_args_" in self.node else ()
        count = len(listed) if isinstance(listed, list | tuple | ListConfig) else 0
        return count + (self.kind == "optimizer" and self.is_outermost)  # its parameters

    @property
    def is_partial(self) -> bool:
        """Whether the rest of its arguments come later."""
        return "_partial_" in self.node and bool(value_at(self.node, "_partial_"))


def component_nodes(config: DictConfig) -> Iterator[ComponentNode]:
    """Yield every component node of a config, an outer one before those inside it."""
    for key, kind, node in _outermost(config):
        yield from _at_and_below(node, kind, key, is_outermost=True)


def value_at(node: Any, name: Any) -> Any:
    """Return a value with its interpolation resolved; UNKNOWN where that cannot be, or not before a run."""
    try:
        return node[name]
    except OmegaConfBaseException:
        return UNKNOWN


def mapping_at(config: Any, *names: str) -> Mapping[str, Any]:
    """Return the mapping at a path of keys; an empty one when something else stands there."""
    node = config
    for name in names:
        node = value_at(node, name) if is_mapping(node) and name in node else None
    return node if is_mapping(node) else {}


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value of a config as plain Python, UNKNOWN for each node and unresolved value in it."""
    if is_node(value) or depth > _DEEPEST:
        return UNKNOWN
    if is_mapping(value):
        return {str(name): plain(value_at(value, name), depth + 1) for name in value}
    if isinstance(value, list | tuple | ListConfig) and not (isinstance(value, ListConfig) and value._is_none()):
        return [plain(value_at(value, place), depth + 1) for place in range(len(value))]
    return None if isinstance(value, DictConfig | ListConfig) else value


def _outermost(config: DictConfig) -> Iterator[tuple[str, str, Any]]:
    for kind, cls in ENTRIES.items():
        yield from _of_entries(mapping_at(config, kind), cls, kind)
    for name, node in _items(mapping_at(config, "callback")):
        yield f"callback.{name}", "callback", node
    for kind in TRANSFORMS:
        for split in TRANSFORM_SPLITS:
            for name, node in _items(mapping_at(config, kind, split)):
                yield f"{kind}.{split}.{name}", kind, node
    optimizer = mapping_at(config, "optimizer")
    if is_node(optimizer):
        yield "optimizer", "optimizer", optimizer
    else:
        yield from _of_entries(optimizer, OptimizerEntry, "optimizer")
    yield from _of_entries({"": mapping_at(config, "scheduler")}, SchedulerEntry, "scheduler")
    for key in NODES:
        yield key, key, mapping_at(config, key)


def _of_entries(entries: Mapping[str, Any], cls: type, key: str) -> Iterator[tuple[str, str, Any]]:
    """Yield the nodes of a mapping by name whose entries have a long form."""
    for name, node in _items(entries):
        path = join(key, name) if name else key
        entry = long_form(cls, node)
        for item in fields(cls) if is_mapping(entry) else ():
            kind = item.metadata["rule"].kind
            if kind and item.name in entry:
                yield path if entry is not node else join(path, item.name), kind, value_at(entry, item.name)


def _items(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((str(name), value_at(node, name)) for name in ([] if is_node(node) else node))


def _at_and_below(
    node: Any, kind: str, key: str, *, is_outermost: bool, is_called: bool = True
) -> Iterator[ComponentNode]:
    if key.count(".") + key.count("[") > _DEEPEST:
        return
    if isinstance(node, list | ListConfig) and not (isinstance(node, ListConfig) and node._is_none()):
        for place in range(len(node)):
            below = value_at(node, place)
            yield from _at_and_below(below, kind, f"{key}[{place}]", is_outermost=False, is_called=is_called)
    if not is_mapping(node):
        return
    if is_node(node):
        yield ComponentNode(key, kind, node, is_outermost, is_called)
        is_called = is_called and value_at(node, "_recursive_") is not False if "_recursive_" in node else is_called
    for name in node:
        if name != TARGET:
            below = value_at(node, name)
            yield from _at_and_below(below, kind, join(key, str(name)), is_outermost=False, is_called=is_called)
