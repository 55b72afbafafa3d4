"""What a key of ours is for and what it may hold: the metadata of the dataclasses of `schema`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Node = Mapping[str, Any]
"""A component node: a mapping with `_target_`."""


def _anything(value: Any) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """What a key is for, and what it may hold besides its type."""

    text: str
    must: str = ""
    """What a valid value is, to be read after `must be`."""
    holds: Callable[[Any], bool] = _anything
    example: Any = None
    kind: str = ""
    """For a component node: the kind whose names it takes."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """The same as `holds` in the words of JSON Schema, for a value as a file has it."""


def option(default: Any, text: str, *, example: Any = None) -> Any:
    """A key whose type is all that is asked of it."""
    return _field(default, Rule(text, example=default if example is None else example))


def limited(
    default: Any,
    text: str,
    *,
    must: str,
    holds: Callable[[Any], bool],
    limits: Mapping[str, Any],
    example: Any = None,
) -> Any:
    """A key whose value must be more than of its type; `limits` says the same as `holds`."""
    return _field(default, Rule(text, must, holds, default if example is None else example, limits=limits))


def at_least(least: int, default: Any, text: str, *, example: Any = None) -> Any:
    """A number that may not be smaller."""
    example = max(least, 1) if example is None and default is None else example
    return limited(
        default,
        text,
        must=f"at least {least}",
        holds=lambda value: value >= least,
        limits={"minimum": least},
        example=example,
    )


def positive(default: Any, text: str, *, example: Any = None) -> Any:
    """A number greater than 0."""
    return limited(
        default,
        text,
        must="greater than 0",
        holds=lambda value: value > 0,
        limits={"exclusiveMinimum": 0},
        example=example,
    )


def one_of(words: Sequence[str], default: Any, text: str) -> Any:
    """One of a few words."""
    return limited(
        default, text, must=" or ".join(words), holds=lambda value: value in words, limits={"enum": list(words)}
    )


def node(kind: str, text: str, **default: Any) -> Any:
    """A component node of a kind."""
    return field(metadata={"rule": Rule(text, kind=kind)}, **default)


def _field(default: Any, rule: Rule) -> Any:
    return field(default=default, metadata={"rule": rule})
