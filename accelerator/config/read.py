"""From a part of a config to a frozen dataclass of `schema`, with every problem found at once."""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.interval import Interval
from accelerator.config.provenance import COMMAND_LINE, Provenance
from accelerator.config.rule import Node, Rule
from accelerator.config.unresolved import unresolved
from accelerator.errors import ConfigError, Problem, nearest
from accelerator.redaction import redact

_Section = TypeVar("_Section")
_TYPE_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Interval: "an interval"}
UNKNOWN_SOURCES = Provenance({})


def read_section(cls: type[_Section], node: Any, key: str, provenance: Provenance = UNKNOWN_SOURCES) -> _Section:
    """Read one part of a config, such as `LoaderConfig` from `config.loader`; what is missing takes its default.

    Raises:
        ConfigError: unknown keys, wrong types, values out of range; all of them.
    """
    reader = Reader(provenance)
    section = reader.read(cls, node, key)
    if reader.problems or section is None:
        raise ConfigError(reader.problems)
    return section


def read_entries(
    cls: type[_Section], node: Any, key: str, provenance: Provenance = UNKNOWN_SOURCES
) -> dict[str, _Section]:
    """Read a mapping by name, such as `LossEntry` from `config.loss`, in order; names that are null are left out.

    Raises:
        ConfigError: as `read_section`.
    """
    reader = Reader(provenance)
    entries = reader.read_entries(cls, node, key)
    if reader.problems:
        raise ConfigError(reader.problems)
    return entries


@dataclass(frozen=True)
class Reader:
    """Reads parts of one config and gathers what is wrong with them."""

    provenance: Provenance
    problems: list[Problem] = field(default_factory=list)

    def read(self, cls: type[_Section], node: Any, key: str, *, others: bool = False) -> _Section | None:
        """Return the section, or None when something is wrong with it; `others`: it may hold other keys too."""
        if not is_mapping(node):
            known = ", ".join(item.name for item in fields(cls))  # type: ignore[arg-type]
            self.add(key, f"must be a mapping of {known}", value=node)
            return None
        before = len(self.problems)
        options = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
        if not others:
            self._refuse_unknown(node, key, list(options))
        hints = typing.get_type_hints(cls)
        values = {
            name: self._value(node, name, join(key, name), hints[name], item)
            for name, item in options.items()
            if name in node or item.default is MISSING
        }
        return cls(**values) if len(self.problems) == before else None

    def read_entries(self, cls: type[_Section], node: Any, key: str) -> dict[str, _Section]:
        """Return the sound entries of a mapping by name."""
        found = {}
        for name in self.names(node, key):
            entry = self.read(cls, long_form(cls, raw(node, name)), join(key, name))
            if entry is not None:
                found[name] = entry
        return found

    def names(self, node: Any, key: str) -> list[str]:
        """Return the names of a mapping by name that are not null."""
        if node is None:
            return []
        if not is_mapping(node):
            self.add(key, "must be a mapping by name", f"Write {key}: {{a_name: …}}", value=node)
            return []
        return [str(name) for name in node if raw(node, name) is not None]

    def add(self, key: str, what: str, remedy: str = "", *, value: Any = None) -> None:
        """Note a problem; `value` is shown as the config has it."""
        shown = "" if value is None else show_value(value, key)
        self.problems.append(Problem(key, what, remedy, self.provenance.place_of(key), shown))

    def add_unknown(self, key: str, name: str, known: list[str]) -> None:
        """Note a key that does not exist, with the nearest one that does."""
        close = nearest(name, known)
        guess = f"Did you mean '{join(key, close)}'? " if close else ""
        among = f"{guess}Known: {', '.join(known)}"
        self.add(join(key, name), f"there is no such key. {among}", "Correct or remove it")

    def add_unresolved(self, key: str, node: DictConfig | ListConfig, name: Any, error: BaseException) -> None:
        """Note an interpolation, `name` in `node`, that fails."""
        child: Any = node._get_node(name)
        what, remedy = unresolved(error, node)
        self.add(key, what, remedy, value=str(child._value()))

    def _refuse_unknown(self, node: Any, key: str, known: list[str]) -> None:
        for name in node:
            if name not in known:
                self.add_unknown(key, str(name), known)

    def _value(self, node: Any, name: str, key: str, hint: Any, item: "Field[Any]") -> Any:
        rule: Rule = item.metadata["rule"]
        try:
            value = node[name] if name in node else None
        except OmegaConfBaseException as error:
            self.add_unresolved(key, node, name, error)
            return None
        if value is None and (type(None) in typing.get_args(hint)):
            return None
        if rule.kind:
            return self._node(value, key, rule)
        try:
            return _converted(value, hint, rule)
        except ValueError as error:
            self.add(key, str(error), _remedy(key, rule, self.provenance), value="null" if value is None else value)
            return None

    def _node(self, value: Any, key: str, rule: Rule) -> Node | None:
        if is_node(value):
            return typing.cast(Node, value)
        self.add(key, f"must be a component: a mapping with _target_ that names a {rule.kind}", value=value)
        return None


def is_mapping(node: Any) -> bool:
    """Tell whether a value of a config is a mapping (a DictConfig that holds null is none)."""
    return isinstance(node, Mapping) and not (isinstance(node, DictConfig) and node._is_none())


def is_node(node: Any) -> bool:
    """Tell whether a value of a config is a component node."""
    return is_mapping(node) and "_target_" in node


def long_form(cls: type, node: Any) -> Any:
    """Return an entry in its long form: a bare node is short for one with defaults."""
    return {fields(cls)[0].name: node} if is_node(node) else node


def raw(node: Any, name: str) -> Any:
    """Return a value without resolving an interpolation that it may be: that comes back as its text."""
    if not isinstance(node, DictConfig):
        return node[name]
    found: Any = node._get_node(name)
    if found is None or found._is_none():
        return None
    return found if isinstance(found, DictConfig | ListConfig) and not found._is_interpolation() else found._value()


def show_value(value: Any, key: str = "") -> str:
    """Return a value as a YAML file would have it, without secrets."""
    plain = OmegaConf.to_container(value) if isinstance(value, DictConfig | ListConfig) else value
    plain = redact(plain, key)
    if isinstance(plain, bool):
        return str(plain).lower()
    return str(plain) if isinstance(plain, str) and plain == "null" else repr(plain)


def join(key: str, name: str) -> str:
    """Return the config path of `name` below `key`."""
    return f"{key}.{name}" if key else name


def _converted(value: Any, hint: Any, rule: Rule) -> Any:
    wanted = [item for item in _alternatives(hint) if item is not type(None)][0]
    value = _typed(value, wanted, rule)
    if not rule.holds(value):
        raise ValueError(f"must be {rule.must}")
    return value


def _typed(value: Any, wanted: Any, rule: Rule) -> Any:
    if typing.get_origin(wanted) is tuple:
        if not isinstance(value, list | tuple | ListConfig) or not all(isinstance(item, str) for item in value):
            raise ValueError("must be a list of names")
        return tuple(value)
    if wanted is Interval:
        return Interval.parse(str(value))
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not wanted:
        limit = f", {rule.must}" if rule.must and wanted is not str else ""
        raise ValueError(f"must be {rule.must if rule.must and wanted is str else _TYPE_NAMES[wanted]}{limit}")
    return value


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _remedy(key: str, rule: Rule, provenance: Provenance) -> str:
    if rule.example is None:
        return ""
    example = f"{key}={override_text(rule.example)}"
    if provenance.place_of(key) == COMMAND_LINE:
        return f"Write for example {example}"
    return f"Change it there, or add {example} to the command"


def override_text(value: Any) -> str:
    """Return a value as an override writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{','.join(map(override_text, value))}]" if isinstance(value, tuple | list) else str(value)
