"""Why a key of a config has its value: what set it, what that shadowed, and what an interpolation points to."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.compose import composition_of
from accelerator.config.key_paths import called_alike, parts_of, paths_below
from accelerator.config.provenance import Provenance
from accelerator.config.read import is_mapping
from accelerator.config.saved_interpolations import TOTAL_STEPS
from accelerator.config.show import source_lines
from accelerator.errors import ConfigError, Problem, first_line
from accelerator.redaction import MASK, is_secret_key, redact

_REFERENCE = re.compile(r"(?<!\\)\$\{\s*(\.*)([^\s:${}]*)\s*\}")
_ENVIRONMENT = "oc.env"
_MOST_GUESSES = 3


@dataclass(frozen=True)
class Source:
    """What set a key: `file:line` or an override as typed, and the value there (None: the override says it)."""

    where: str
    value: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return it as JSON holds it."""
        return {"source": self.where, "value": self.value}


@dataclass(frozen=True)
class Explanation:
    """One key explained. Nothing in it tells a secret."""

    key: str
    value: Any
    """Plain; interpolations are resolved, but for those in a mapping and those that read an environment variable."""
    lines: tuple[str, ...]
    """A mapping as YAML, each line with its source; () for any other value."""
    sources: tuple[Source, ...]
    """Newest first: the first one won, the others are shadowed by it, in order."""
    hidden: tuple[Source, ...] = ()
    """Lines of files that another file of the same name hides."""
    points_to: tuple["Explanation", ...] = ()
    note: str = ""
    is_removed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "key": self.key,
            "value": self.value,
            "removed": self.is_removed,
            "sources": [item.to_json() for item in self.sources],
            "hidden": [item.to_json() for item in self.hidden],
            "points_to": [item.to_json() for item in self.points_to],
            "note": self.note,
        }


def explain(config: DictConfig, key: str) -> Explanation:
    """Explain one key: `optimizer.lr`, a part such as `model`, or an element of a list (`a.b[0]`, also `a.b.0`).

    Raises:
        ConfigError: there is no such key; names the nearest.
    """
    composition = composition_of(config)
    explaining = _Explaining(config, composition.provenance if composition else Provenance({}))
    if composition:
        explaining.of_index.update(composition.from_index)
    return explaining.explain(parts_of(key), key, ())


class _Explaining:
    def __init__(self, config: DictConfig, provenance: Provenance) -> None:
        self.config = config
        self.provenance = provenance
        self.of_index: dict[str, str] = {}

    def explain(self, parts: list[str], asked: str, seen: tuple[str, ...]) -> Explanation:
        """Explain the key of these parts; `seen` are the keys whose interpolations led here."""
        path, node = "", self.config
        for place, part in enumerate(parts):
            child = _child(node, part)
            if child is None:
                return self._absent(asked, path, parts)
            path = _joined(path, part, node)
            text = child._value() if child._is_interpolation() else None
            if text is not None and place < len(parts) - 1:
                return self._below(path, str(text), parts[place + 1 :], seen)
            node = child
        if not parts:
            raise self._unknown(asked)
        return self._found(path, node, seen)

    def _found(self, path: str, node: Any, seen: tuple[str, ...]) -> Explanation:
        text = str(node._value()) if node._is_interpolation() else ""
        points_to = tuple(self._targets(path, text, seen))
        value, note = self._value_of(path, node, text, points_to)
        sources, above = self._sources(path)
        if above:
            note = f"{note}; set as part of {above}" if note else f"set as part of {above}"
        lines: tuple[str, ...] = ()
        if isinstance(value, dict) and value and not text:
            lines = tuple(source_lines(value, path, self.provenance))
        if not sources:
            note = note or "nothing sets it: every config has this key"
        return Explanation(path, value, lines, sources, self._hidden(path), points_to, note)

    def _value_of(self, path: str, node: Any, text: str, points_to: tuple[Explanation, ...]) -> tuple[Any, str]:
        if not text:
            return self._redacted(path, _plain(node)), self._index_note(path)
        if any(_is_secret(item.key) for item in points_to):
            return MASK, "holds a secret"
        if _ENVIRONMENT in text or any(_reads_environment(item) for item in points_to):
            return self._redacted(path, text), "read from the environment when the run starts, and never shown"
        if TOTAL_STEPS in text or any(TOTAL_STEPS in str(item.value) for item in points_to):
            return text, "known when the run has read its data"
        if "${" in _REFERENCE.sub("", text) or any("${" in str(item.value) for item in points_to):
            return self._redacted(path, text), "computed when the run starts"
        try:
            return self._redacted(path, _plain_value(node._get_parent()[node._key()])), ""
        except OmegaConfBaseException as error:
            return self._redacted(path, text), f"cannot be resolved: {first_line(error)}"

    def _index_note(self, path: str) -> str:
        text = next((text for key, text in self.of_index.items() if path == key or path.startswith(f"{key}.")), "")
        return f"comes through {text}" if text else ""

    def _targets(self, path: str, text: str, seen: tuple[str, ...]) -> Iterator[Explanation]:
        for dots, name in _REFERENCE.findall(text):
            parts = parts_of(path)[: -len(dots)] if dots else []
            parts += parts_of(name)
            key = ".".join(parts)
            if key and key not in seen and key != path:
                try:
                    yield self.explain(parts, key, (*seen, path))
                except ConfigError:  # it points nowhere, which the value's own note says
                    continue

    def _below(self, above: str, text: str, rest: list[str], seen: tuple[str, ...]) -> Explanation:
        """Explain a key below an interpolated node: it is that key below what the node points to."""
        found = next(iter(_REFERENCE.findall(text)), None)
        if found is None or above in seen:
            raise self._unknown(f"{above}.{'.'.join(rest)}")
        dots, name = found
        parts = (parts_of(above)[: -len(dots)] if dots else []) + parts_of(name) + rest
        target = self.explain(parts, ".".join(parts), (*seen, above))
        key = f"{above}.{'.'.join(rest)}"
        sources = self._sources(above)[0]
        return Explanation(key, target.value, (), sources, (), (target,), f"{above} is {text}")

    def _sources(self, path: str) -> tuple[tuple[Source, ...], str]:
        """Return the sources of a key, newest first, and the key above that they set when it is not this one."""
        above = path
        while above:
            if found := self.provenance.history(above):
                sources = tuple(Source(where, value) for where, value in reversed(found))
                return sources, above if above != path else ""
            above = above[: above.rindex("[")] if above.endswith("]") else above.rpartition(".")[0]
        return (), ""

    def _hidden(self, path: str) -> tuple[Source, ...]:
        return tuple(Source(where, value) for where, value in self.provenance.hidden.get(path, ()))

    def _absent(self, asked: str, above: str, parts: list[str]) -> Explanation:
        """Explain a key that something set and something else took away."""
        key = ".".join(parts)
        sources = [Source(where, value) for where, value in reversed(self.provenance.history(key))]
        if not sources:
            raise self._unknown(asked)
        taken = next((above for above in _above(key) if self._is_taken_away(above)), "")
        if taken and not sources[0].where.startswith("~"):
            sources.insert(0, self._sources(taken)[0][0])
        note = f"removed with {taken}" if taken else "removed"
        return Explanation(key, None, (), tuple(sources), self._hidden(key), (), note, is_removed=True)

    def _is_taken_away(self, key: str) -> bool:
        node: Any = self.config
        for part in key.split("."):
            node = _child(node, part)
            if node is None:
                return bool(self.provenance.sources(key))
        return not isinstance(node, DictConfig) or node._is_none()

    def _unknown(self, asked: str) -> ConfigError:
        known = list(dict.fromkeys([*paths_below(self.config), *self.provenance.of_key]))
        close = [*difflib.get_close_matches(asked, known, _MOST_GUESSES, 0.6), *called_alike(asked, known)]
        guesses = " or ".join(f"'{key}'" for key in list(dict.fromkeys(close))[:_MOST_GUESSES])
        guess = f"Did you mean {guesses}? " if guesses else ""
        remedy = "`accelerator experiment show` prints all keys of a config"
        return ConfigError(Problem(asked, f"there is no such key. {guess}".strip(), remedy))

    def _redacted(self, path: str, value: Any) -> Any:
        return redact(value, next((part for part in path.split(".") if is_secret_key(part)), path))


def _child(node: Any, part: str) -> Any:
    """Return the node of one part of a key; None when there is none."""
    if isinstance(node, ListConfig) and not node._is_none() and part.isdigit():
        return node._get_node(int(part)) if int(part) < len(node) else None
    name = next((name for name in node if str(name) == part), None) if is_mapping(node) else None
    return None if name is None else node._get_node(name)


def _joined(path: str, part: str, parent: Any) -> str:
    if isinstance(parent, ListConfig):
        return f"{path}[{part}]"
    return f"{path}.{part}" if path else part


def _plain(node: Any) -> Any:
    return OmegaConf.to_container(node) if isinstance(node, DictConfig | ListConfig) else node._value()


def _plain_value(value: Any) -> Any:
    return OmegaConf.to_container(value) if isinstance(value, DictConfig | ListConfig) else value


def _is_secret(key: str) -> bool:
    return any(map(is_secret_key, key.split(".")))


def _reads_environment(item: Explanation) -> bool:
    return _ENVIRONMENT in str(item.value) or any(map(_reads_environment, item.points_to))


def _above(key: str) -> Iterator[str]:
    parts = key.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length])
