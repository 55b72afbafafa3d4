"""The reference of all keys and groups as a Markdown page, from the same sources as the check and the schema."""

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from accelerator.config.component_arguments import Arguments
from accelerator.config.groups import GroupConfig, configs_of, groups_of
from accelerator.config.interval import Interval
from accelerator.config.json_values import plain
from accelerator.config.project import ConfigSource
from accelerator.config.rule import Rule
from accelerator.config.schema import (
    ENTRIES,
    ORDER,
    SECTIONS,
    TEXTS,
    TRANSFORM_SPLITS,
    TRANSFORMS,
    EngineOptions,
    OptimizerEntry,
    ParameterGroup,
    RootConfig,
    SchedulerEntry,
)

_KEYS = ("key", "type", "default", "range", "what it is")
_INTRODUCTION = """\
# Config reference

<!-- Written by {origin}. Do not edit. -->

All keys of a config, and all groups with what they offer. An interpolation (`${{vars.x}}`) may stand for every value.

- An *interval* is written `10ep` or `0.25ep` (epochs), `500st` (steps), `45s`, `30min` or `2h`.
- A *node* is a mapping with `_target_`, which names a component, and the component's arguments.
"""
_GROUPS = """\
## Groups

What a group offers is chosen by `GROUP=NAME`; what it sets is changed by `KEY=VALUE`. A value in brackets is the \
component's own default, for an argument that the config leaves out.
"""
_TYPES = {int: "whole number", float: "number", bool: "true or false", str: "text", Interval: "interval"}
_PARTS: Mapping[str, tuple[type, str]] = {
    "One term of `loss`": (ENTRIES["loss"], "`loss.<name>`; a bare node is short for `{loss: node}`."),
    "One of `metric`": (ENTRIES["metric"], "`metric.<name>`; a bare node is short for `{metric: node}`."),
    "One of several optimizers": (OptimizerEntry, "`optimizer.<name>`, where `optimizer` is no node itself."),
    "The long form of `scheduler`": (SchedulerEntry, "A bare node is short for `{scheduler: node}`."),
    "One of `parameter_groups`": (ParameterGroup, "`parameter_groups.<name>`; null switches one off."),
    "Every `engine`": (EngineOptions, "Keys of the node that every engine takes; an engine may have more."),
}


def reference_page(sources: Sequence[ConfigSource], arguments: Mapping[str, Arguments], origin: str) -> str:
    """Return the page; `origin` says by which command it was written, and holds the seal."""
    parts = [_INTRODUCTION.format(origin=origin), *_top_level(sources), *_sections(sources), *_entries()]
    parts.append(_GROUPS)
    for group in groups_of(sources):
        if group != "index":
            parts += _group(group, sources, arguments)
    return "\n".join(parts)


def _top_level(sources: Sequence[ConfigSource]) -> Iterator[str]:
    shipped = _shipped(sources)
    hints = typing.get_type_hints(RootConfig)
    own = {item.name: item for item in fields(RootConfig)}
    rows = []
    for key in ORDER:
        if key in own:
            rule: Rule = own[key].metadata["rule"]
            rows.append((key, _type_text(hints[key], rule), _code(shipped.get(key)), rule.must, rule.text))
        else:
            text = TEXTS.get(key) or _doc(SECTIONS[key])
            rows.append((key, _form(key), "", "", text))
    yield "## Top level\n"
    yield _table(_KEYS, [(f"`{key}`", *rest) for key, *rest in rows])


def _form(key: str) -> str:
    if key in SECTIONS:
        return f"[section](#{key})"
    if key in (*ENTRIES, "callback", "parameter_groups"):
        return "mapping by name"
    if key in TRANSFORMS:
        return f"{' and '.join(TRANSFORM_SPLITS)}, each a mapping by name"
    return {"tags": "mapping", "vars": "mapping", "optimizer": "node, or mapping by name"}.get(key, "node or null")


def _sections(sources: Sequence[ConfigSource]) -> Iterator[str]:
    shipped = _shipped(sources)
    for key, cls in SECTIONS.items():
        yield f"## {key}\n\n{_doc(cls)}\n"
        yield _class_table(cls, f"{key}.", shipped.get(key) or {})


def _entries() -> Iterator[str]:
    for title, (cls, text) in _PARTS.items():
        yield f"## {title}\n\n{text}\n"
        yield _class_table(cls, "", {})


def _class_table(cls: type, prefix: str, values: Mapping[str, Any]) -> str:
    hints = typing.get_type_hints(cls)
    rows = []
    for item in fields(cls):
        rule: Rule = item.metadata["rule"]
        default = values.get(item.name, None if item.default is MISSING else plain(item.default))
        is_required = item.default is MISSING
        shown = "" if is_required else _code(default)
        rows.append((f"`{prefix}{item.name}`", _type_text(hints[item.name], rule), shown, rule.must, rule.text))
    return _table(_KEYS, rows)


def _shipped(sources: Sequence[ConfigSource]) -> dict[str, Any]:
    """Return the values that `base.yaml` sets, and the sections that it takes from their groups' own files."""
    base = next((item for item in configs_of("", sources) if item.name == "base"), None)
    values = _values(base) if base else {}
    choices = {name: choice for entry in values.get("defaults", ()) for name, choice in _entry(entry)}
    for key in SECTIONS:
        chosen = [item for item in configs_of(key, sources) if item.name == choices.get(key)]
        values |= {key: _values(item) for item in chosen}
    return values


def _entry(entry: Any) -> list[tuple[str, Any]]:
    return list(entry.items()) if isinstance(entry, dict) else []


def _values(item: GroupConfig) -> dict[str, Any]:
    found = OmegaConf.create(item.text)
    plain_values = OmegaConf.to_container(found) if isinstance(found, DictConfig) else {}
    return {str(key): value for key, value in plain_values.items()} if isinstance(plain_values, dict) else {}


def _group(group: str, sources: Sequence[ConfigSource], arguments: Mapping[str, Arguments]) -> Iterator[str]:
    configs = configs_of(group, sources)
    text = TEXTS.get(group)
    yield f"### {group}\n\n{text[0].upper()}{text[1:]}.\n" if text else f"### {group}\n"
    choices = [(f"`{_choice(group, item.name)}`", item.provider, item.description) for item in configs]
    yield _table(("choice", "from", "what it is"), choices)
    for item in configs if group not in SECTIONS else ():
        rows = list(_parameters(item, arguments))
        if rows:
            yield f"`{_choice(group, item.name)}`:\n"
            yield _table(("key", "type", "value", "what it is"), rows)


def _choice(group: str, name: str) -> str:
    return f"{group}@{group}.{TRANSFORM_SPLITS[0]}=[{name}]" if group in TRANSFORMS else f"{group}={name}"


def _parameters(item: GroupConfig, arguments: Mapping[str, Arguments]) -> Iterator[tuple[str, str, str, str]]:
    values, comments = dict(_leaves(_values(item), "")), item.comments
    for path, value in values.items():
        above, _, name = path.rpartition(".")
        taken = _arguments_at(item.group, values.get(f"{above}._target_" if above else "_target_"), arguments)
        argument = taken.get(name)
        text = comments.get(path) or (argument.text if argument else "")
        kind = "component" if name == "_target_" else _cell(argument.annotation) if argument else ""
        yield f"`{path}`", kind, _code(value), text
    for path in [path for path in values if path.endswith("_target_")]:
        above = path.removesuffix("_target_")
        for name, argument in _arguments_at(item.group, values[path], arguments).items():
            if f"{above}{name}" not in values and f"{above}{name}" not in comments and argument.default:
                yield f"`{above}{name}`", _cell(argument.annotation), f"(`{argument.default}`)", argument.text


def _arguments_at(kind: str, target: Any, arguments: Mapping[str, Arguments]) -> dict[str, Any]:
    found = arguments.get(f"{kind}:{target}")
    return {item.name: item for item in found.named} if found else {}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        below = f"{path}.{name}" if path else str(name)
        if isinstance(item, dict) and item:
            yield from _leaves(item, below)
        elif not (path == "" and name == "defaults"):
            yield below, item


def _type_text(hint: Any, rule: Rule) -> str:
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return " or ".join(dict.fromkeys(_part_text(part, rule) for part in parts))


def _part_text(part: Any, rule: Rule) -> str:
    if part is type(None):
        return "null"
    if rule.kind:
        return f"{rule.kind} node"
    return "list of texts" if typing.get_origin(part) is tuple else _TYPES[part]


def _code(value: Any) -> str:
    """Return a value as YAML has it, as code."""
    dumped = yaml.safe_dump(value, default_flow_style=True, width=1_000_000, sort_keys=False)
    return f"`{dumped.removesuffix(chr(10)).removesuffix('...').strip()}`"


def _cell(text: str) -> str:
    return f"`{text}`" if text else ""


def _doc(cls: type) -> str:
    return cls.__doc__ or ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(text.replace('|', chr(92) + '|') for text in line)} |\n" for line in lines)
