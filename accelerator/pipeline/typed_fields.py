"""Dataclasses from what a file holds: only what fits their fields, so that a damaged file is told from a sound one."""

from collections.abc import Mapping
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Made = TypeVar("Made")


def made_of(cls: type[Made], content: Mapping[str, Any]) -> Made:
    """Return an object of a dataclass; what it has no field for is left out: a later 0.x may have written more.

    Raises:
        TypeError: a field is missing, or holds something else than its annotation says. What a mapping or a tuple
            holds is not looked at.
    """
    fields = _types_of(cls)  # type: ignore[arg-type]  # a class is hashable, whatever its type variable says
    for name, allowed in fields.items():
        if name in content and not isinstance(content[name], allowed):
            raise TypeError(f"{name} is {content[name]!r}")
    return cls(**{name: value for name, value in content.items() if name in fields})


@lru_cache
def _types_of(cls: type) -> Mapping[str, tuple[type, ...]]:
    return {name: _allowed(hint) for name, hint in get_type_hints(cls).items()}


def _allowed(hint: Any) -> tuple[type, ...]:
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if Any in parts:
        return (object,)
    types = tuple(get_origin(part) or part for part in parts)
    return (*types, int) if float in types else types
