"""JSON Schema of values and sections: from the fields of `schema`'s dataclasses, and from annotations as written."""

import ast
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from accelerator.config.interval import INTERVAL_PATTERN, Interval
from accelerator.config.rule import Rule

Schema = dict[str, Any]

INTERPOLATION: Schema = {"type": "string", "pattern": r"\$\{"}
"""What may stand for any value: a text that holds an interpolation."""
NULL: Schema = {"type": "null"}
ANYTHING: Schema = {}

_INTERVAL: Schema = {
    "type": "string",
    "pattern": INTERVAL_PATTERN,
    "patternErrorMessage": "Must be an interval such as 10ep, 0.25ep, 500st, 45s, 30min or 2h.",
}
_SCALARS: Mapping[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_WORDS = {
    **{"boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "a text of this form"},
    **{"array": "a list", "object": "a mapping", "null": "null"},
}
_LISTS = ("list", "tuple", "Sequence", "Iterable", "Collection", "set", "frozenset")
_MAPPINGS = ("dict", "Mapping", "MutableMapping")


def section_schema(cls: type, *, others: bool = False, nodes: Mapping[str, str] | None = None) -> Schema:
    """Return the schema of a part of a config that may leave keys out; `others`: it may hold other keys too.

    `nodes` gives the reference to the schema of a component node, by kind.
    """
    hints = typing.get_type_hints(cls)
    properties = {}
    for item in fields(cls):
        rule: Rule = item.metadata["rule"]
        # no key `default`: the language server would write all of them out when a section is begun
        default = "" if item.default is MISSING else f" (default {_as_yaml(item.default)})"
        properties[item.name] = {
            "description": f"{rule.text}{default}",
            **_field(hints[item.name], rule, nodes or {}),
        }
    closed = {} if others else {"additionalProperties": False}
    return {"type": "object", "description": cls.__doc__, "properties": properties, **closed}


def or_interpolation(schema: Schema, *, null: bool = False) -> Schema:
    """Return what allows an interpolation too, and null where asked.

    `properties`, `minimum`, … look at their own types only, so one schema can hold them all: its errors are then as
    exact as those for the value itself, which those of `anyOf` are not.
    """
    allowed = schema.get("type")
    if allowed is None or "enum" in schema or "const" in schema:
        return either(schema, INTERPOLATION, *([NULL] if null else []))
    known = [allowed] if isinstance(allowed, str) else list(allowed)
    pattern = schema.get("pattern")
    if pattern is not None:
        pattern = f"{pattern}|{INTERPOLATION['pattern']}"
    elif "string" not in known:
        pattern = INTERPOLATION["pattern"]
    types = list(dict.fromkeys([*known, "string", *(["null"] if null else [])]))
    if pattern is None:
        return {**schema, "type": types}
    # the language server's own word: a pattern says nothing to whoever wrote `epochs: ten`
    words = " or ".join(_WORDS[item] for item in dict.fromkeys([*known, *(["null"] if null else [])]))
    message = schema.get("patternErrorMessage") or f"Must be {words}, or an interpolation."
    return {**schema, "type": types, "pattern": pattern, "patternErrorMessage": message}


def either(*schemas: Schema) -> Schema:
    """Return what holds when one of the schemas does; what allows anything swallows the others."""
    if any(not item for item in schemas):
        return ANYTHING
    return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}


def plain(value: Any) -> Any:
    """Return a default as a YAML file has it."""
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Interval) else value


def annotation_schema(annotation: str | None) -> Schema:
    """Return the schema of an argument from its annotation as it is written; {} where that says nothing simple.

    An interpolation may stand for every value, and a mapping with `_target_` for an object.
    """
    try:
        written = ast.parse(annotation or "Any", mode="eval").body
    except SyntaxError:
        return ANYTHING
    found = _of_annotation(written)
    return either(*found, INTERPOLATION) if all(found) else ANYTHING


def _as_yaml(value: Any) -> str:
    return json.dumps(plain(value)).strip('"')


def _field(hint: Any, rule: Rule, nodes: Mapping[str, str]) -> Schema:
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if rule.kind:
        return {"$ref": nodes[rule.kind]}
    must = {"patternErrorMessage": f"Must be {rule.must}."} if "pattern" in rule.limits else {}
    allowed = [{**_part(item), **rule.limits, **must} for item in parts if item is not type(None)]
    return or_interpolation(either(*allowed), null=type(None) in parts)


def _part(part: Any) -> Schema:
    if typing.get_origin(part) is tuple:
        return {"type": "array", "items": {"type": "string"}}
    return _INTERVAL if part is Interval else {"type": _SCALARS[part]}


def _of_annotation(node: ast.expr) -> list[Schema]:
    """Return the schemas of which one must hold; an empty one among them where nothing can be said."""
    if isinstance(node, ast.Constant):
        return [NULL] if node.value is None else _of_annotation(ast.parse(str(node.value), mode="eval").body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_of_annotation(node.left), *_of_annotation(node.right)]
    if isinstance(node, ast.Subscript):
        return _of_subscript(_last_name(node.value), node.slice)
    scalars = {kind.__name__: {"type": name} for kind, name in _SCALARS.items()}
    name = _last_name(node)
    if name in _LISTS:
        return [{"type": "array"}]
    return [{"type": "object"}] if name in _MAPPINGS else [scalars.get(name, ANYTHING)]


def _of_subscript(name: str, inner: ast.expr) -> list[Schema]:
    items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Literal":
        words = [item.value for item in items if isinstance(item, ast.Constant)]
        return [{"enum": words}] if len(words) == len(items) else [ANYTHING]
    if name == "Optional":
        return [*_of_annotation(inner), NULL]
    if name == "Union":
        return [schema for item in items for schema in _of_annotation(item)]
    if name in _LISTS:
        return [{"type": "array"}]
    return [{"type": "object"}] if name in _MAPPINGS else [ANYTHING]


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
