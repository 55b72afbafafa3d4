"""Where each value of a composed config came from: the files and lines, and the overrides, in the order they won.

Hydra drops line numbers, so each merged file is read a second time, by a YAML parser that keeps them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from accelerator.config.hydra_api import LoadedFile, ParsedOverride
from accelerator.config.project import ConfigSource, Project
from accelerator.config.yaml_loader import YAML_LOADER
from accelerator.redaction import is_secret_key, redact, redact_text

COMMAND_LINE = "command line"


Item = tuple[str, str, str | None]
"""A config path, what set it, and the value that it set as text: None for a mapping, and for an override."""

_NULL = "tag:yaml.org,2002:null"
_VALUES = "__values__"  # beside the config paths of provenance.json: no config may have such keys
_HIDDEN = "__hidden__"
_CHOICES = "__choices__"


@dataclass(frozen=True)
class Provenance:
    """For each config path its sources in order; the last one won.

    A source is `file:line` (relative to the project root; `accelerator/configs/…` for ours), or an override as
    typed, without secrets.
    """

    of_key: Mapping[str, tuple[str, ...]]
    values: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """Beside the sources of a key the value that each set, as its file has it; keys without any are left out."""
    hidden: Mapping[str, tuple[tuple[str, str | None], ...]] = field(default_factory=dict)
    """Lines, each with its value, of files that are not merged: another of the same name comes first in the search."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What was chosen in groups, by the config path that it fills: `{"model": "resnet8", "loss": "ssim, l1"}`."""

    def sources(self, key: str) -> list[str]:
        """Return what set `key` itself, oldest first; [] when nothing did."""
        return list(self.of_key.get(key, ()))

    def source_of(self, key: str) -> str:
        """Return what set `key`, or a key below it, or the nearest above it; "" when nothing is known."""
        if key not in self.of_key:  # +optimizer.betas.first=1 makes optimizer.betas, which nothing names
            below = [found[-1] for name, found in self.of_key.items() if name.startswith((f"{key}.", f"{key}["))]
            if below:
                return below[-1]
        while key:
            if found := self.of_key.get(key):
                return found[-1]
            key = key[: key.rindex("[")] if key.endswith("]") else key.rpartition(".")[0]
        return ""

    def place_of(self, key: str) -> str:
        """Return the same for a message: `file:line`, or `command line`."""
        source = self.source_of(key)
        return source if not source or re.search(r":\d+$", source) and "=" not in source else COMMAND_LINE

    def to_json(self) -> str:
        """Return the text of `provenance.json`."""
        beside = {_VALUES: self.values, _HIDDEN: self.hidden, _CHOICES: self.choices}
        return json.dumps({**self.of_key, **beside}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Provenance":
        """Read what `to_json` wrote, also in a version that kept no values and no choices.

        Raises:
            ValueError: it is something else.
        """
        stored = json.loads(text)
        values = {key: tuple(found) for key, found in stored.pop(_VALUES, {}).items()}
        hidden = {key: tuple((at, value) for at, value in found) for key, found in stored.pop(_HIDDEN, {}).items()}
        choices = dict(stored.pop(_CHOICES, {}))
        found = cls({key: tuple(found) for key, found in stored.items()}, values, hidden, choices)
        if not found._is_sound():
            raise ValueError("it holds something else than sources and values")
        return found

    def with_overrides(self, overrides: Iterable[ParsedOverride]) -> "Provenance":
        """Return a provenance in which `overrides` came last."""
        last = list(overrides)
        merged = _merged([*self._items(), *_of_overrides(last)], self.hidden)
        chosen = {**self.choices, **{item.key: _chosen(item.value) for item in last if item.group}}
        return replace(merged, choices={key: option for key, option in chosen.items() if option})

    def history(self, key: str) -> list[tuple[str, str | None]]:
        """Return the sources of `key`, oldest first, each with the value that it set."""
        sources = self.of_key.get(key, ())
        return list(zip(sources, self.values.get(key) or [None] * len(sources), strict=True))

    def _is_sound(self) -> bool:
        """Tell whether all are texts, and as many values as sources: a file that was read may hold anything."""
        hidden = [item for found in self.hidden.values() for item in found]
        sources = [text for found in self.of_key.values() for text in found] + [at for at, _ in hidden]
        values = [text for found in self.values.values() for text in found] + [value for _, value in hidden]
        return (
            all(isinstance(text, str) for text in (*sources, *self.choices, *self.choices.values()))
            and all(isinstance(text, str | None) for text in values)
            and all(len(found) in (0, len(self.of_key.get(key, ()))) for key, found in self.values.items())
        )

    def _items(self) -> Iterator[Item]:
        for key in self.of_key:
            for source, value in self.history(key):
                yield key, source, value


def read_provenance(
    files: Iterable[LoadedFile],
    overrides: Iterable[ParsedOverride],
    project: Project,
    sources: Sequence[ConfigSource],
) -> Provenance:
    """Read each merged file once and note the line of each key."""
    found: list[Item] = []
    hidden: dict[str, tuple[tuple[str, str | None], ...]] = {}
    nodes: dict[Path, yaml.Node | None] = {}
    for file in files:
        for path in (file.path, *_hidden_by(file, sources)):
            if path not in nodes:
                nodes[path] = yaml.compose(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)
            items = list(_of_file(file, nodes[path], shown_path(path, project, sources)))
            if path == file.path:
                found += items
                continue
            for key, at, value in items:
                hidden[key] = (*hidden.get(key, ()), (at, value))
    return _merged([*found, *_of_overrides(overrides)], hidden)


def _hidden_by(file: LoadedFile, sources: Sequence[ConfigSource]) -> list[Path]:
    """Return the files of the same name that come later in the search path."""
    paths = [source.path / f"{file.name}.yaml" for source in sources]
    later = paths[paths.index(file.path) + 1 :] if file.path in paths else []
    return [path for path in later if path.is_file()]


def shown_path(path: Path, project: Project, sources: Sequence[ConfigSource]) -> str:
    """Return a config file's path as messages show it."""
    for source in sources:
        if path.is_relative_to(source.path) and not path.is_relative_to(project.root):
            return f"{source.provider}/{source.path.name.removeprefix('_')}/{path.relative_to(source.path).as_posix()}"
    return path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else str(path)


def _of_file(file: LoadedFile, node: yaml.Node | None, shown: str) -> Iterator[Item]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value == "defaults" and isinstance(value, yaml.SequenceNode):
            yield from _of_choices(file, value, shown)
        else:
            yield from _of_mapping(file.package, [(key, value)], shown)


def _of_mapping(prefix: str, items: list[tuple[yaml.Node, yaml.Node]], shown: str) -> Iterator[Item]:
    for key, value in items:
        path = f"{prefix}.{key.value}" if prefix else str(key.value)
        yield path, f"{shown}:{key.start_mark.line + 1}", _value(value, path)
        if isinstance(value, yaml.MappingNode):
            yield from _of_mapping(path, value.value, shown)


def _of_choices(file: LoadedFile, defaults: yaml.SequenceNode, shown: str) -> Iterator[Item]:
    """A line of a defaults list (`- override /model: resnet8`) is a source of the node that it fills."""
    for item in defaults.value:
        for key, value in item.value if isinstance(item, yaml.MappingNode) else ():
            group, _, package = key.value.split(" ")[-1].partition("@")
            path = (package or group.lstrip("/")).replace("/", ".")
            absolute = group.startswith("/") or not file.package
            at = f"{shown}:{key.start_mark.line + 1}"
            yield path if absolute else f"{file.package}.{path}", at, _value(value, path)


def _value(node: yaml.Node, key: str) -> str | None:
    """Return what a key of a file is set to, as text and without secrets; None for a mapping with keys of its own."""
    if isinstance(node, yaml.MappingNode) and node.value:
        return None
    secret = next((part for part in key.split(".") if is_secret_key(part)), key)
    return _text(redact(_plain(node), secret))


def _plain(node: yaml.Node) -> Any:
    """Return a node as it is written: every scalar is a text."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return None if node.tag == _NULL else node.value


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return "null" if value is None else str(value)


def _of_overrides(overrides: Iterable[ParsedOverride]) -> Iterator[Item]:
    for item in overrides:
        shown = redact_text(item.text)
        for key in _keys_of(item.key, item.value):
            yield key, shown, None


def _chosen(value: Any) -> str:
    """Return what an override chooses in a group as text; "" when it takes the choice back."""
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _keys_of(key: str, value: Any) -> Iterator[str]:
    yield key
    for name, item in value.items() if isinstance(value, dict) else ():
        yield from _keys_of(f"{key}.{getattr(name, 'text', name)}", item)


def _merged(items: Iterable[Item], hidden: Mapping[str, tuple[tuple[str, str | None], ...]]) -> Provenance:
    sources: dict[str, tuple[str, ...]] = {}
    values: dict[str, tuple[str | None, ...]] = {}
    for key, source, value in items:
        sources[key] = (*sources.get(key, ()), source)
        values[key] = (*values.get(key, ()), value)
    told = {key: found for key, found in values.items() if any(value is not None for value in found)}
    return Provenance(sources, told, hidden)
