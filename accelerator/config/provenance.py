"""Where each value of a composed config came from: the files and lines, and the overrides, in the order they won.

Hydra drops line numbers, so each merged file is read a second time, by a YAML parser that keeps them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from accelerator.config.hydra_api import LoadedFile, ParsedOverride
from accelerator.config.project import ConfigSource, Project
from accelerator.config.yaml_loader import YAML_LOADER
from accelerator.redaction import redact_text

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Provenance:
    """For each config path its sources in order; the last one won.

    A source is `file:line` (relative to the project root; `accelerator/configs/…` for ours), or an override as
    typed, without secrets.
    """

    of_key: Mapping[str, tuple[str, ...]]

    def sources(self, key: str) -> list[str]:
        """Return what set `key` itself, oldest first; [] when nothing did."""
        return list(self.of_key.get(key, ()))

    def source_of(self, key: str) -> str:
        """Return what set `key`, or the nearest key above it; "" when nothing is known."""
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
        return json.dumps({key: list(found) for key, found in self.of_key.items()}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Provenance":
        """Read what `to_json` wrote."""
        return cls({key: tuple(found) for key, found in json.loads(text).items()})

    def with_overrides(self, overrides: Iterable[ParsedOverride]) -> "Provenance":
        """Return a provenance in which `overrides` came last."""
        return Provenance(_merged([*self._items(), *_of_overrides(overrides)]))

    def _items(self) -> Iterator[tuple[str, str]]:
        for key, found in self.of_key.items():
            for source in found:
                yield key, source


def read_provenance(
    files: Iterable[LoadedFile],
    overrides: Iterable[ParsedOverride],
    project: Project,
    sources: Sequence[ConfigSource],
) -> Provenance:
    """Read each merged file once and note the line of each key."""
    found: list[tuple[str, str]] = []
    seen: dict[Path, yaml.Node | None] = {}
    for file in files:
        if file.path not in seen:
            seen[file.path] = yaml.compose(file.path.read_text(encoding="utf-8"), Loader=YAML_LOADER)
        found += _of_file(file, seen[file.path], shown_path(file.path, project, sources))
    return Provenance(_merged([*found, *_of_overrides(overrides)]))


def shown_path(path: Path, project: Project, sources: Sequence[ConfigSource]) -> str:
    """Return a config file's path as messages show it."""
    for source in sources:
        if path.is_relative_to(source.path) and not path.is_relative_to(project.root):
            return f"{source.provider}/{source.path.name.removeprefix('_')}/{path.relative_to(source.path).as_posix()}"
    return path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else str(path)


def _of_file(file: LoadedFile, node: yaml.Node | None, shown: str) -> Iterator[tuple[str, str]]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value == "defaults" and isinstance(value, yaml.SequenceNode):
            yield from _of_choices(file, value, shown)
        else:
            yield from _of_mapping(file.package, [(key, value)], shown)


def _of_mapping(prefix: str, items: list[tuple[yaml.Node, yaml.Node]], shown: str) -> Iterator[tuple[str, str]]:
    for key, value in items:
        path = f"{prefix}.{key.value}" if prefix else str(key.value)
        yield path, f"{shown}:{key.start_mark.line + 1}"
        if isinstance(value, yaml.MappingNode):
            yield from _of_mapping(path, value.value, shown)


def _of_choices(file: LoadedFile, defaults: yaml.SequenceNode, shown: str) -> Iterator[tuple[str, str]]:
    """A line of a defaults list (`- override /model: resnet8`) is a source of the node that it fills."""
    for item in defaults.value:
        for key, _ in item.value if isinstance(item, yaml.MappingNode) else ():
            group, _, package = key.value.split(" ")[-1].partition("@")
            path = (package or group.lstrip("/")).replace("/", ".")
            absolute = group.startswith("/") or not file.package
            yield path if absolute else f"{file.package}.{path}", f"{shown}:{key.start_mark.line + 1}"


def _of_overrides(overrides: Iterable[ParsedOverride]) -> Iterator[tuple[str, str]]:
    for item in overrides:
        shown = redact_text(item.text)
        for key in _keys_of(item.key, item.value):
            yield key, shown


def _keys_of(key: str, value: Any) -> Iterator[str]:
    yield key
    for name, item in value.items() if isinstance(value, dict) else ():
        yield from _keys_of(f"{key}.{getattr(name, 'text', name)}", item)


def _merged(items: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    merged: dict[str, tuple[str, ...]] = {}
    for key, source in items:
        merged[key] = (*merged.get(key, ()), source)
    return merged
