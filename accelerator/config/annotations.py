"""Whether a value of a config fits an annotation, as far as the annotation's text tells.

The text is all there is of a component that is not imported; an imported one is judged in the same way. What cannot be
judged (a class of somebody's, a type variable, an alias) fits.
"""

import ast
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final


class _Unknown:
    """A value that is known in a run only: what a nested node builds, what an interpolation will be."""

    def __repr__(self) -> str:
        return "…"


UNKNOWN: Final = _Unknown()

Verdict = bool | None
"""None: it cannot be judged."""

_UNIONS = ("Union", "Optional")
_WRAPPERS = ("Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly")
_SEQUENCES = ("list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "set", "Set", "frozenset")
_TUPLES = ("tuple", "Tuple")
_MAPPINGS = ("dict", "Dict", "Mapping", "MutableMapping")
_WORDS = {"None": "null", "bool": "true or false", "Tensor": "Tensor"}


def fits(annotation: str | None, value: Any) -> bool:
    """Tell whether a value may stand where the annotation does.

    Example:
        >>> fits("int | None", None), fits("int", 1.5), fits("tuple[float, float]", [1, 2]), fits("Whatever", "x")
        (True, False, True, True)
    """
    node = _parsed(annotation)
    return node is None or _fits(node, value) is not False


def allowed_text(annotation: str | None) -> str:
    """Return what an annotation allows, in the words of a config: `int or null`."""
    node = _parsed(annotation)
    if node is None:
        return "anything"
    parts = _alternatives(node)
    written = [part for part in parts if _name(part) != "Tensor"] or parts  # no config can write a tensor
    return " or ".join(dict.fromkeys(_text(part) for part in written))


def example_of(annotation: str | None) -> Any:
    """Return a value that fits an annotation, for a proposal; UNKNOWN when none can be made up."""
    node = _parsed(annotation)
    for part in _alternatives(node) if node is not None else ():
        if _name(part) in _EXAMPLES:
            return _EXAMPLES[_name(part)]
        if isinstance(part, ast.Subscript) and _name(part.value) == "Literal":
            return _literals(part.slice)[0]
        if isinstance(part, ast.Subscript) and _name(part.value) in (*_SEQUENCES, *_TUPLES):
            inner = [example_of(ast.unparse(item)) for item in _elements(part.slice) if not _is_ellipsis(item)]
            if inner and UNKNOWN not in inner:
                return inner
    return UNKNOWN


@functools.cache
def _parsed(annotation: str | None) -> ast.expr | None:
    if annotation is None:
        return None
    try:
        body = ast.parse(annotation, mode="eval").body
    except SyntaxError:
        return None
    if isinstance(body, ast.Constant) and isinstance(body.value, str):  # a forward reference
        return _parsed(body.value)
    return body


def _fits(node: ast.expr, value: Any) -> Verdict:
    if value is UNKNOWN:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):  # a forward reference inside
        inner = _parsed(node.value)
        return None if inner is None else _fits(inner, value)
    parts = _alternatives(node)
    if len(parts) > 1:
        verdicts = [_fits(part, value) for part in parts]
        return True if True in verdicts else None if None in verdicts else False
    if isinstance(node, ast.Subscript):
        return _fits_subscript(node, value)
    test = _TESTS.get(_name(node))
    return None if test is None else test(value)


def _fits_subscript(node: ast.Subscript, value: Any) -> Verdict:
    name, inner = _name(node.value), _elements(node.slice)
    if name in _WRAPPERS:
        return _fits(inner[0], value)
    if name == "Literal":
        literals = _literals(node.slice)
        is_one = any(value == item and type(value) is type(item) for item in literals)
        return is_one or (None if UNKNOWN in literals else False)
    if name in _MAPPINGS:
        return _all(_fits(inner[-1], item) for item in value.values()) if isinstance(value, Mapping) else False
    if name not in (*_SEQUENCES, *_TUPLES):
        return None
    if not isinstance(value, list | tuple | set):
        return False
    if name in _TUPLES and not _is_ellipsis(inner[-1]):
        return len(inner) == len(value) and _all(_fits(*pair) for pair in zip(inner, value, strict=True))
    return _all(_fits(inner[0], item) for item in value)


def _all(verdicts: Any) -> Verdict:
    found = list(verdicts)
    return False if False in found else None if None in found else True


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """Return the parts of a union; an optional type has None as its last."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    if isinstance(node, ast.Subscript) and _name(node.value) in _UNIONS:
        parts = [part for item in _elements(node.slice) for part in _alternatives(item)]
        return [*parts, ast.Constant(None)] if _name(node.value) == "Optional" else parts
    return [node]


def _elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) and node.elts else [node]


def _literals(node: ast.expr) -> list[Any]:
    """Return what a Literal lists; UNKNOWN for what the text does not tell, such as a member of an Enum."""
    return [_literal(item) for item in _elements(node)]


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _name(node: ast.expr) -> str:
    """Return the last part of a dotted name; "" for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript) and _name(node.value) == "Literal":
        return " or ".join(repr(item) for item in _literals(node.slice))
    return _WORDS.get(_name(node), ast.unparse(node))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) or _is_tensor(value)


def _is_tensor(value: Any) -> bool:
    return type(value).__name__ == "Tensor"


def _is_plain_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple | set)


_TESTS: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "Any": lambda value: True,
        "object": lambda value: True,
        "None": lambda value: value is None,
        "bool": lambda value: isinstance(value, bool) or _is_tensor(value),
        "int": lambda value: _is_number(value) and not isinstance(value, float),
        "float": _is_number,
        "str": lambda value: isinstance(value, str),
        "Tensor": _is_tensor,
        **dict.fromkeys((*_SEQUENCES, *_TUPLES), _is_plain_sequence),
        **dict.fromkeys(_MAPPINGS, lambda value: isinstance(value, Mapping)),
    }
)
_EXAMPLES: Mapping[str, Any] = MappingProxyType({"bool": True, "int": 1, "float": 0.1, "str": "a_text", "None": None})
