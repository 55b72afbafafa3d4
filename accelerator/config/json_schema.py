"""JSON Schema of config files, which editors complete and check while one types.

The root describes what holds top-level keys (`main.yaml`, `base.yaml`, experiments, presets); `definitions` has one
entry for the files of each group. All describe parts: a file may leave out whatever another one sets. An
interpolation may stand wherever a value does.

The root and the entries for files have the key `allOf` alone: where a file names such an entry as its schema, the
language server adds to it the keys of the root that it lacks.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from accelerator.components import KINDS, Component
from accelerator.config.groups import configs_of, groups_of
from accelerator.config.json_values import (
    ANYTHING,
    INTERPOLATION,
    NULL,
    Schema,
    either,
    or_interpolation,
    section_schema,
)
from accelerator.config.project import ConfigSource
from accelerator.config.schema import (
    ENTRIES,
    FREE,
    NODES,
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

SCHEMA_FILE = "schema.json"
COMMAND = "accelerator configure schema"
_TOP_LEVEL_GROUPS = ("experiment", "debug")
_HYDRA_KEYS: Schema = {
    "_partial_": {"type": "boolean"},
    "_args_": {"type": "array"},
    "_convert_": {"enum": ["none", "partial", "object", "all"]},
    "_recursive_": {"type": "boolean"},
}


def schema_line(file: PurePosixPath) -> str:
    """Return the comment by which an editor finds the schema of a config file; `file` is its path in `configs/`.

    It stands below the header `# @package …`, which Hydra reads only at the head of a file.

    Example:
        >>> schema_line(PurePosixPath("model/mine.yaml"))
        '# yaml-language-server: $schema=../schema.json#/definitions/model'
        >>> schema_line(PurePosixPath("experiment/mine.yaml"))
        '# yaml-language-server: $schema=../schema.json'
    """
    group = file.parent.as_posix()
    up = "../" * len(file.parent.parts)
    fragment = "" if group == "." or group in _TOP_LEVEL_GROUPS else f"#/definitions/{_key(group)}"
    return f"# yaml-language-server: $schema={up}{SCHEMA_FILE}{fragment}"


def json_schema(
    sources: Sequence[ConfigSource], components: Sequence[Component], arguments: Mapping[str, Schema], seal: str
) -> Schema:
    """Return the schema of the config files of a search path.

    Args:
        sources: the folders whose groups and configs may be chosen.
        components: what `_target_` may name by a bare name.
        arguments: for some of the components, by `kind:name`, the schemas of their arguments by name; the key `*`
            says that they take any others too.
        seal: put where the file says whose it is.
    """
    return _Document(sources, components, arguments).build(seal)


@dataclass(frozen=True)
class _Document:
    sources: Sequence[ConfigSource]
    components: Sequence[Component]
    arguments: Mapping[str, Schema]
    definitions: dict[str, Schema] = field(default_factory=dict)

    def build(self, seal: str) -> Schema:
        self._define_nodes()
        self._define_choices()
        self.definitions["top_level"] = self._top_level()
        for group in self._groups():
            if group not in (*_TOP_LEVEL_GROUPS, "index") and not group.startswith("hydra"):
                self.definitions[_key(group)] = {"allOf": [self._group_file(group)]}
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$comment": f"Written by `{COMMAND}`, {seal}. Names of configs and components are those of that time.",
            "title": "A config of Accelerator",
            "allOf": [{"$ref": "#/definitions/top_level"}],
            "definitions": self.definitions,
        }

    def _groups(self) -> list[str]:
        """Return all groups there are or may be."""
        return sorted(
            {*groups_of(self.sources), *KINDS, *SECTIONS, *_TOP_LEVEL_GROUPS} - {"loader", "train", "checkpoint"}
        )

    def _define_nodes(self) -> None:
        for kind in KINDS:
            known = [item for item in self.components if item.kind == kind]
            names = sorted(_unambiguous(known))
            target = {
                "description": f"a component of the kind {kind}: its name, or a dotted path",
                **either(*([{"enum": names}] if names else []), {"type": "string", "pattern": r"[.]|\$\{|^\w+:\w|::"}),
            }
            rules = [self._arguments_rule(kind, item.name) for item in known if f"{kind}:{item.name}" in self.arguments]
            options = section_schema(EngineOptions)["properties"] if kind == "engine" else {}
            node = {"type": "object", "properties": {"_target_": target, **_HYDRA_KEYS, **options}}
            self.definitions[f"node.{kind}"] = or_interpolation(
                {**node, **({"allOf": rules} if rules else {})}, null=True
            )

    def _arguments_rule(self, kind: str, name: str) -> Schema:
        arguments = dict(self.arguments[f"{kind}:{name}"])
        is_open = arguments.pop("*", None) is not None
        keys = {"_target_": ANYTHING, "defaults": ANYTHING, **_HYDRA_KEYS, **arguments}
        closed = {} if is_open else {"additionalProperties": False}
        return {
            "if": {"properties": {"_target_": {"const": name}}, "required": ["_target_"]},
            "then": {"properties": keys, **closed},
        }

    def _define_choices(self) -> None:
        """Define the defaults list: which groups there are, and which configs each of them has."""
        properties: Schema = {}
        patterns: Schema = {r"^((override|optional) )*/?hydra/.+$": ANYTHING}
        paths = ["_self_", *(item.name for item in configs_of("", self.sources))]
        for group in self._groups():
            names = [item.name for item in configs_of(group, self.sources)]
            paths += [f"/{group}/{name}" for name in names]
            named: Schema = {"enum": names} if names else {"not": {}}
            self.definitions[f"choice.{_key(group)}"] = either(
                named, NULL, {"type": "array", "items": named}, INTERPOLATION
            )
            choice = {"$ref": f"#/definitions/choice.{_key(group)}"}
            packages = [f"@{group}.{split}" for split in TRANSFORM_SPLITS] if group in TRANSFORMS else [""]
            properties |= {f"override /{group}{package}": choice for package in packages}
            patterns[rf"^((override|optional) )*/?{re.escape(group)}(@.+)?$"] = choice
        entry = {
            "type": "object",
            "maxProperties": 1,
            "properties": properties,
            "patternProperties": patterns,
            "additionalProperties": False,
        }
        path = either({"enum": paths}, {"type": "string", "pattern": r"@|\$\{|^[^/]|^/\w+$"})
        self.definitions["defaults"] = {
            "description": "the configs that this one is made from, in order; `override` entries last",
            "type": "array",
            "items": either(path, entry),
        }

    def _top_level(self) -> Schema:
        properties = {"defaults": {"$ref": "#/definitions/defaults"}, **section_schema(RootConfig)["properties"]}
        for key, cls in SECTIONS.items():
            properties[key] = or_interpolation(section_schema(cls))
        for key in NODES:
            properties[key] = self._node(key)
        for key in (*ENTRIES, "callback"):
            properties[key] = or_interpolation(self._by_name(key), null=True)
        for key in TRANSFORMS:
            split = or_interpolation(self._by_name(key), null=True)
            properties[key] = or_interpolation(_object({name: split for name in TRANSFORM_SPLITS}))
        for key in FREE:
            properties[key] = or_interpolation({"type": "object"})
        group = or_interpolation(section_schema(ParameterGroup, others=True), null=True)
        properties["parameter_groups"] = or_interpolation({"type": "object", "additionalProperties": group}, null=True)
        properties["optimizer"] = or_interpolation(self._optimizer(), null=True)
        properties["scheduler"] = or_interpolation(self._scheduler(), null=True)
        ordered = {key: self._described(key, properties[key]) for key in ("defaults", *ORDER)}
        return _object({**ordered, "hydra": {"type": "object"}})

    def _described(self, key: str, schema: Schema) -> Schema:
        text = TEXTS.get(key) or (SECTIONS[key].__doc__ if key in SECTIONS else None)
        return {"description": text, **schema} if text else schema

    def _group_file(self, group: str) -> Schema:
        defaults = {"type": "array", "items": {"type": ["string", "object"]}}
        if group in SECTIONS:
            schema = section_schema(SECTIONS[group])
            return {**schema, "properties": {"defaults": defaults, **schema["properties"]}}
        if group in (*ENTRIES, "callback", *TRANSFORMS):
            return {**self._by_name(group), "properties": {"defaults": defaults}}
        if group not in KINDS:
            return {"type": "object"}
        if group == "optimizer":
            return self._optimizer()
        schema = self._scheduler() if group == "scheduler" else {"type": "object", "allOf": [self._node(group)]}
        # a file of the package _global_ sets the key of its kind instead (`tracking: null`)
        return {**schema, "anyOf": [{"required": [key]} for key in ("_target_", "defaults", group)]}

    def _node(self, kind: str) -> Schema:
        return {"$ref": f"#/definitions/node.{kind}"}

    def _by_name(self, kind: str) -> Schema:
        if kind not in ENTRIES:
            return {"type": "object", "additionalProperties": self._node(kind)}
        entry = or_interpolation(self._entry(ENTRIES[kind], kind), null=True)
        return {"type": "object", "additionalProperties": entry}

    def _entry(self, cls: type, kind: str) -> Schema:
        """Return the schema of an entry in its long form, or of a bare node."""
        nodes = {item: f"#/definitions/node.{item}" for item in KINDS}
        self.definitions[f"entry.{kind}"] = section_schema(cls, nodes=nodes)
        return {
            "type": "object",
            "if": {"required": ["_target_"]},
            "then": {"$ref": f"#/definitions/node.{kind}"},
            "else": {"$ref": f"#/definitions/entry.{kind}"},
        }

    def _optimizer(self) -> Schema:
        """A node, a part of one, or several by name: which it is shows only where a name holds an optimizer."""
        self._entry(OptimizerEntry, "optimizer")
        several = {
            "if": {"type": "object", "required": ["optimizer"]},
            "then": {"$ref": "#/definitions/entry.optimizer"},
        }
        return {"type": "object", "allOf": [self._node("optimizer")], "additionalProperties": several}

    def _scheduler(self) -> Schema:
        self._entry(SchedulerEntry, "scheduler")
        self.definitions["entry.scheduler"]["properties"]["defaults"] = ANYTHING  # a file of the group may have one
        return {
            "type": "object",
            "if": {"required": ["scheduler"]},
            "then": {"$ref": "#/definitions/entry.scheduler"},
            "else": {"$ref": "#/definitions/node.scheduler"},
        }


def _key(group: str) -> str:
    return group.replace("/", ".")


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _unambiguous(components: Sequence[Component]) -> set[str]:
    """Return the names of components as configs write them: with the distribution where two have the same."""
    count = Counter(item.name for item in components)
    return {item.name if count[item.name] == 1 else f"{item.distribution}::{item.name}" for item in components}
