"""How a name, a key or an override may go on, for who types one: read from files, nothing is composed or imported.

What may go on ends with `=` or `.`, or is a list that is still open.
"""

import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from accelerator.components import KINDS, Registry
from accelerator.config.catalogue import GROUPS
from accelerator.config.draft import draft
from accelerator.config.groups import configs_of, groups_of
from accelerator.config.project import ConfigSource, Project, search_path
from accelerator.config.schema import ORDER, SECTIONS, TRANSFORM_SPLITS, TRANSFORMS, PathsConfig, RootConfig

_NOT_CHOSEN = ("index", "pipeline_step")
"""Groups that no command line chooses from."""


class Suggestions:
    """What can be named in the configs of a project.

    | attribute | type | holds |
    |---|---|---|
    | sources | tuple[ConfigSource, ...] | the search path, read once |
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    def overrides(self, typed: str, others: Sequence[str] = ()) -> list[str]:
        """Return the overrides that begin with `typed`; `others` stand in the command already.

        Raises:
            ConfigError: the project's `pyproject.toml` is damaged.
        """
        rest = typed.lstrip("+~")
        sign = typed[: len(typed) - len(rest)]
        key, equals, value = rest.partition("=")
        if equals:
            found: Iterable[str] = (f"{key}={item}" for item in self._values(key, value))
        elif sign.startswith("~"):
            found = (item.rstrip("=") for item in self._continued(rest, others))
        else:
            found = self._continued(rest, others) if "." in rest else self._top_level(others)
        return [f"{sign}{item}" for item in dict.fromkeys(found) if item.startswith(rest)]

    def keys(self, typed: str, others: Sequence[str] = ()) -> list[str]:
        """Return the keys of a config that begin with `typed`; one that holds others ends with a dot."""
        found = dict.fromkeys(item.rstrip("=") for item in self._continued(typed, others))
        return [item for item in found if item.startswith(typed)]

    def names(self) -> list[str]:
        """Return the names of all components and configs; `kind:name` where several kinds have one of that name."""
        kinds_of: dict[str, list[str]] = {}
        for kind in GROUPS:
            declared = [item.name for item in self._registry.of_kind(kind)] if kind in KINDS else []
            for name in dict.fromkeys((*declared, *self.options(kind))):
                kinds_of.setdefault(name, []).append(kind)
        shared = [f"{kind}:{name}" for name, kinds in kinds_of.items() if len(kinds) > 1 for kind in kinds]
        return sorted([*(name for name, kinds in kinds_of.items() if len(kinds) == 1), *shared])

    def options(self, group: str) -> list[str]:
        """Return the names of all configs of a group, sorted."""
        return [config.name for config in configs_of(group, self.sources)]

    @property
    def output(self) -> Path:
        """The folder that run folders lie in, as the project's files have it."""
        written = self._draft(()).get("paths", {})
        output = written.get("output") if isinstance(written, dict) else None
        return self._project.absolute(output if isinstance(output, str) else PathsConfig().output)

    @cached_property
    def sources(self) -> tuple[ConfigSource, ...]:
        """The folders that configs are searched in."""
        return search_path(self._project, self._registry)

    @cached_property
    def _registry(self) -> Registry:
        return Registry.discover(self._project.root)

    def _draft(self, others: Sequence[str]) -> dict[str, Any]:
        return draft(self.sources, others)

    def _values(self, key: str, value: str) -> Iterator[str]:
        """Yield what may stand behind `key=`; of a list, what its last place may hold."""
        head = value[: max(value.rfind("["), value.rfind(",")) + 1] if value.startswith("[") else ""
        given = head.strip("[,").split(",")
        options = self.options(key.partition("@")[0]) or _words_of(key)
        yield from (f"{head}{option}" for option in options if option not in given)

    def _top_level(self, others: Sequence[str]) -> Iterator[str]:
        for group in groups_of(self.sources):
            if group in TRANSFORMS:
                yield from (f"{group}@{group}.{split}=" for split in TRANSFORM_SPLITS)
            elif group.partition("/")[0] not in _NOT_CHOSEN:
                yield f"{group}="
        yield from self._continued("", others)

    def _continued(self, typed: str, others: Sequence[str]) -> Iterator[str]:
        """Yield the keys beside and below the last dot of `typed`: `lr=`, or `match.` where others lie below."""
        above, dot, last = typed.rpartition(".")
        node: Any = {**dict.fromkeys(ORDER), **self._draft(others)}
        for key, section in SECTIONS.items():
            node[key] = dict.fromkeys(item.name for item in fields(section))
        for part in above.split(".") if above else ():
            node = node.get(part) if isinstance(node, dict) else None
        for key, value in node.items() if isinstance(node, dict) else ():
            if str(key).startswith("_") and not last.startswith("_"):
                continue
            is_mapping = isinstance(value, dict) and value
            if dot or is_mapping or key in _PLAIN or key not in ORDER:
                yield f"{above}{dot}{key}{'.' if is_mapping else '='}"


_PLAIN = tuple(item.name for item in fields(RootConfig))


def _words_of(key: str) -> list[str]:
    """Return the words that a key of ours may hold: those of a choice, true and false; none where any value will do."""
    section, dot, name = key.rpartition(".")
    owner = SECTIONS.get(section) if dot else RootConfig
    field = next((item for item in fields(owner) if item.name == name), None) if owner else None
    if owner is None or field is None:
        return []
    hint = get_type_hints(owner)[name]
    kinds = get_args(hint) if get_origin(hint) is types.UnionType else (hint,)
    words = [str(word) for word in field.metadata["rule"].limits.get("enum", ())]
    return words + ["true", "false"] * (bool in kinds) + ["null"] * (type(None) in kinds)
