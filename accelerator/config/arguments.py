"""Whether a call fits a signature: the one place that judges arguments, by source before a run and when building."""

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from accelerator.config.annotations import UNKNOWN, allowed_text, example_of, fits
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.read import override_text, show_value
from accelerator.config.signatures import POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, Parameter, Signature
from accelerator.errors import Problem, did_you_mean, nearest

FUNCTION_KINDS = ("loss", "transform", "sample_transform", "collate", "pipeline_step")
"""Where a function may itself be the component: one that lacks arguments is called later, with the rest."""


@dataclass(frozen=True)
class Call:
    """How a target is called: what its node holds, and what the builder gives."""

    key: str
    path: str
    """The target's dotted path."""
    values: Mapping[str, Any]
    num_positional: int = 0
    given: Collection[str] | None = ()
    """Arguments that the builder fills where they are left out or null; None: it is not known which."""
    is_partial: bool = False
    """Whether what is left out comes later."""

    def fills(self, name: str) -> bool:
        """Tell whether the builder gives this argument, or may."""
        return self.given is None or name in self.given


def argument_problems(call: Call, signature: Signature, place_of: Callable[[str], str]) -> list[Problem]:
    """Return every argument that is unknown, missing or of a wrong type; `place_of` says where a key was set."""
    found = [*_unknown(call, signature), *_missing(call, signature), *_misfits(call, signature, place_of)]
    return [Problem(key, what, remedy, place_of(key)) for key, what, remedy in found]


def is_called_later(kind: str, signature: Signature, call: Call) -> bool:
    """Tell whether a function is itself the component, and gets the rest of its arguments with each batch."""
    return kind in FUNCTION_KINDS and not signature.is_class and bool(left_out(call, signature))


def left_out(call: Call, signature: Signature) -> list[Parameter]:
    """Return the parameters that a call needs and does not have."""
    positional = [item for item in signature.parameters if item.kind in (POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD)]
    taken = {*(item.name for item in positional[: call.num_positional]), *call.values}
    return [
        item
        for item in signature.parameters
        if item.is_required and item.name not in taken and not call.fills(item.name)
    ]


_Found = tuple[str, str, str]


def _unknown(call: Call, signature: Signature) -> Iterator[_Found]:
    known = signature.named()
    for name in call.values if not signature.takes_any_keyword else ():
        if name not in known:
            close = nearest(name, known)
            remedy = f"Call it {call.key}.{close}, or remove it" if close else "Remove it"
            yield f"{call.key}.{name}", f"{call.path} has no argument '{name}'. {did_you_mean(name, known)}", remedy


def _missing(call: Call, signature: Signature) -> Iterator[_Found]:
    for item in left_out(call, signature) if not call.is_partial else ():
        example = example_of(item.annotation)
        value = "…" if example is UNKNOWN else override_text(example)
        takes = f" ({allowed_text(item.annotation)})" if item.annotation else ""
        remedy = f"Add +{call.key}.{item.name}={value} to the command, or {item.name}: {value} to the file"
        yield call.key, f"{call.path} needs the argument '{item.name}'{takes}", remedy


def _misfits(call: Call, signature: Signature, place_of: Callable[[str], str]) -> Iterator[_Found]:
    known = signature.named()
    for name, value in call.values.items():
        item = known.get(name)
        if item is None or _may_be(item, value) or (value is None and call.fills(name)):
            continue
        key = f"{call.key}.{name}"
        takes = allowed_text(item.annotation)
        if item.default == "None" and "null" not in takes.split(" or "):
            takes += " or null"
        shown = "null" if value is None else show_value(value, key)
        yield key, f"{call.path} takes {takes} as '{name}', not {shown}", _remedy(key, item, place_of)


def _may_be(item: Parameter, value: Any) -> bool:
    return fits(item.annotation, value) or (value is None and item.default == "None")


def _remedy(key: str, item: Parameter, place_of: Callable[[str], str]) -> str:
    example = _literal(item.default)
    if example is UNKNOWN or not fits(item.annotation, example):
        example = example_of(item.annotation)
    if example is UNKNOWN:
        return "Correct the value"
    if place_of(key) == COMMAND_LINE:
        return f"Write for example {key}={override_text(example)}"
    return f"Change it there, or add {key}={override_text(example)} to the command"


def _literal(default: str | None) -> Any:
    try:
        return UNKNOWN if default is None else ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return UNKNOWN
