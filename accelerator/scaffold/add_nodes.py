"""The component nodes of a config file, each with the lines of its keys and what their comments say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from accelerator.config.component_nodes import OWN_KEYS
from accelerator.config.yaml_loader import YAML_LOADER
from accelerator.errors import InputError
from accelerator.scaffold.add_parameters import Said, read_comment

TARGET = "_target_"
_LOSS, _TRANSFORM = "loss", "transform"


@dataclass(frozen=True)
class NodeKey:
    """One argument of a component, as its config gives it; `line` is counted from 1."""

    line: int
    value: yaml.Node


@dataclass(frozen=True)
class NodeComment:
    """What one line says of a parameter; `is_given` where the line also gives its value."""

    said: Said
    line: int
    is_given: bool


@dataclass(frozen=True)
class ConfigNode:
    """One mapping with a `_target_`, in a file."""

    kind: str
    """The kind whose names its target is looked up in."""
    key: str
    """Where it stands in the file; "" for the whole."""
    target: str
    path: Path
    line: int
    arguments: Mapping[str, NodeKey]
    comments: tuple[NodeComment, ...]
    num_positional: int = 0
    """How many arguments `_args_` gives."""
    is_partial: bool = False


def config_nodes(kind: str, path: Path, command: str) -> Iterator[ConfigNode]:
    """Give the component nodes of a file in `configs/<kind>/`; those that stand inside of others come after them.

    Raises:
        InputError: the file is no YAML, or no text.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=YAML_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{command}: {path} is no YAML ({' '.join(str(error).split())}). Repair the file.") from error
    if root is not None:
        yield from _nodes(root, kind, (), path, text.splitlines())


def _nodes(node: yaml.Node, kind: str, keys: tuple[str, ...], path: Path, lines: Sequence[str]) -> Iterator[ConfigNode]:
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _nodes(item, kind, (*keys, str(place)), path, lines)
    if not isinstance(node, yaml.MappingNode):
        return
    items = {str(key.value): (key, value) for key, value in node.value}
    if isinstance(target := items.get(TARGET, (None, None))[1], yaml.ScalarNode):
        yield _node(node, target.value, kind, ".".join(keys), path, lines)
    for name, (_, value) in items.items():
        is_entry_transform = (kind, name, len(keys)) == (_LOSS, _TRANSFORM, 1)
        yield from _nodes(value, _TRANSFORM if is_entry_transform else kind, (*keys, name), path, lines)


def _node(node: yaml.MappingNode, target: str, kind: str, key: str, path: Path, lines: Sequence[str]) -> ConfigNode:
    arguments = {
        str(name.value): NodeKey(name.start_mark.line + 1, value)
        for name, value in node.value
        if name.value not in OWN_KEYS
    }
    own: dict[str, Any] = {name.value: value for name, value in node.value if name.value in OWN_KEYS}
    return ConfigNode(
        kind,
        key,
        target,
        path,
        node.start_mark.line + 1,
        arguments,
        tuple(_comments(node, arguments, lines)),
        len(own["_args_"].value) if isinstance(own.get("_args_"), yaml.SequenceNode) else 0,
        "_partial_" in own and own["_partial_"].value.lower() == "true",
    )


def _comments(node: yaml.MappingNode, arguments: Mapping[str, NodeKey], lines: Sequence[str]) -> Iterator[NodeComment]:
    for name, key in arguments.items():
        said = read_comment(lines[key.line - 1])
        if said is not None and said.name == name:
            yield NodeComment(said, key.line, is_given=True)
    margin = " " * node.start_mark.column
    for number in range(node.start_mark.line, min(node.end_mark.line + 1, len(lines))):
        if lines[number].startswith(f"{margin}# ") and (said := read_comment(lines[number])):
            yield NodeComment(said, number + 1, is_given=False)
