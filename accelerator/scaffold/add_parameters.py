"""A component's parameters as lines of its config: each with its type and default in a comment, and read from there.

    width: 32 # int = 32
    num_classes: ??? # int, required
    # betas: [0.9, 0.99] # tuple[float, float] = (0.9, 0.99)
    most: 0.1 # float = 0.1; the largest standard deviation

What the comment says was true when the line was written. `add --check` compares it with the signature of today.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from accelerator.config.arguments import FUNCTION_KINDS
from accelerator.config.signatures import POSITIONAL_ONLY, VAR_KEYWORD, VAR_POSITIONAL, Parameter, Signature

MISSING = "???"
FACTS = ("num_classes", "in_channels")
"""Arguments of a model that data usually tells, where the config leaves them null."""
_REQUIRED = "required"
_LINE = re.compile(r"\s*(?P<off># )?(?P<name>[\w'\"]+): .*? # (?P<said>.+)$")
_ANY_WIDTH = 1_000_000


class _OneLine(yaml.SafeDumper):
    """Writes a text with line breaks on one line, and one that OmegaConf takes for a number (`1e3`) between quotes."""


def _represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if _is_number(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style if text.isprintable() else '"')


_OneLine.add_representer(str, _represented)


@dataclass(frozen=True)
class Said:
    """What the comment of one line says of a parameter. `default` is None for one that is required."""

    name: str
    annotation: str
    default: str | None


def config_parameters(signature: Signature, kind: str) -> tuple[Parameter, ...]:
    """Return the parameters that are a config's matter: not those that the builder gives, or a call of the component.

    The builder gives an optimizer its parameters and a scheduler its optimizer. A function that is itself the loss,
    transform or collate function gets with each call what has no default.
    """
    parameters = signature.parameters
    if kind == "optimizer":
        return parameters[1:]
    if kind == "scheduler":
        return tuple(item for item in parameters if item.name != "optimizer")
    if kind in FUNCTION_KINDS and not signature.is_class:
        return tuple(item for item in parameters if not item.is_required and item.name != "rng")
    return parameters


def node_lines(target: str, signature: Signature, kind: str) -> Iterator[str]:
    """Give the lines of a config node, one for each parameter.

    What is required is to be filled in. A default that YAML holds just so is written out, so that it can be overridden
    by its key; any other (a tuple, an object) stands in a comment.
    """
    yield f"_target_: {target}"
    parameters = config_parameters(signature, kind)
    positional = [item for item in parameters if item.kind == POSITIONAL_ONLY and item.is_required]
    if positional:
        yield f"_args_: [{', '.join([repr(MISSING)] * len(positional))}] # {', '.join(map(_declared, positional))}"
    for item in parameters:
        if item.kind == VAR_POSITIONAL:
            yield f"# _args_: [] # any number of arguments by position: *{_declared(item)}"
        elif item.kind == VAR_KEYWORD:
            yield f"# any other argument by name: **{_declared(item)}"
        elif item.is_named:
            yield _line(item, is_told_by_data=kind == "model" and item.name in FACTS)


def _line(item: Parameter, *, is_told_by_data: bool) -> str:
    comment = f"{comment_of(item)}; null: what the data says" if is_told_by_data else comment_of(item)
    key = _dumped(item.name)
    if item.default is None:
        return f"{key}: {MISSING} # {comment}"
    if is_told_by_data:
        return f"{key}: null # {comment}"
    try:
        value = literal(item.default)
    except ValueError:
        return f"# {key}: null # {comment}"
    text = _dumped(list(value) if isinstance(value, tuple) else value)
    if "${" in text:  # a config would look up what it names
        return f"# {key}: null # {comment}"
    if value is None or isinstance(value, bool | int | float | str):
        return f"{key}: {text} # {comment}"
    return f"# {key}: {text if text.isprintable() else 'null'} # {comment}"


def comment_of(item: Parameter) -> str:
    """Return what a comment says of a parameter: `int = 32`, `int, required`, or `= 32` without a type."""
    if item.default is None:
        return f"{item.annotation}, {_REQUIRED}" if item.annotation else _REQUIRED
    return f"{item.annotation or ''} = {item.default}".strip()


def read_comment(line: str) -> Said | None:
    """Return what the comment of a config's line says of a parameter; None for any other line or comment."""
    found = _LINE.match(line)
    if found is None:
        return None
    name, said = found["name"].strip("'\""), found["said"].strip()
    for text in (said, said.partition(";")[0].strip()):  # a default may hold a semicolon, and a note may follow it
        annotation, has_default, default = text.partition("= ")
        if has_default and _is_type(annotation) and _is_expression(default):
            return Said(name, annotation.strip(), default.strip())
        annotation = text.removesuffix(_REQUIRED).rstrip(" ,")
        if text.endswith(_REQUIRED) and _is_type(annotation):
            return Said(name, annotation, None)
    return None


def is_same_code(first: str, second: str) -> bool:
    """Tell whether two defaults or annotations mean the same, however they are written."""
    return _normal(first) == _normal(second)


def literal(text: str) -> Any:
    """Return the value of a Python literal.

    Raises:
        ValueError: it is no literal.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(text) from error


def _declared(item: Parameter) -> str:
    return f"{item.name}: {item.annotation}" if item.annotation else item.name


def _dumped(value: Any) -> str:
    try:
        is_plain = str(value).isprintable()  # what YAML takes for the end of a line is escaped
        text = yaml.dump(value, Dumper=_OneLine, default_flow_style=True, width=_ANY_WIDTH, allow_unicode=is_plain)
    except yaml.YAMLError:  # sets, complex numbers, …: nothing that a config holds
        return "null"
    return text.removesuffix("\n").removesuffix("\n...")


def _is_number(text: str) -> bool:
    try:
        float(text.strip())
    except ValueError:
        return False
    return True


def _normal(text: str) -> str:
    try:
        return repr(literal(text))
    except ValueError:
        bare = re.sub(r"\btyping\.", "", text)
        return ast.unparse(ast.parse(bare, mode="eval")) if _is_expression(bare) else bare


def _is_type(text: str) -> bool:
    """Tell whether a text can be a type, so that `best with lr = 0.1` is taken for what it is."""
    if not text.strip():
        return True
    if not _is_expression(text):
        return False
    tree = ast.parse(text.strip(), mode="eval")
    modules = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in modules]
    return all(name[0] == "_" or name[0].isupper() or isinstance(vars(builtins).get(name), type) for name in names)


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        return False
    return True
