"""The configs of a group: where each lies, who provides it, and what the comment at its head says."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from accelerator.config.project import ConfigSource, Project, shipped_configs
from accelerator.config.yaml_loader import YAML_LOADER
from accelerator.errors import ConfigError, Problem

_PACKAGE = re.compile(r"#\s*@\s*package\s+(\S+)")
_COMMENT = re.compile(r"(?<=\s)#\s*(.+)$")
_SCHEMA_LINE = re.compile(r"#\s*yaml-language-server\s*:")


@dataclass(frozen=True)
class GroupConfig:
    """One config file of a group: `model=resnet8` chooses the one with group `model` and name `resnet8`."""

    group: str
    name: str
    path: Path
    provider: str
    """`project`, `accelerator`, or a plugin's distribution."""

    @cached_property
    def text(self) -> str:
        """The file.

        Raises:
            ConfigError: it cannot be read, or is no text.
        """
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(Problem("", f"cannot be read: {error}", self._repair, str(self.path))) from error

    @property
    def package(self) -> str:
        """The package that the file's header asks for, `_global_` or another; "" without a header."""
        found = (_PACKAGE.match(line) for line in self._head)
        return next((match[1] for match in found if match), "")

    @property
    def description(self) -> str:
        """The first line of the comment at the head of the file, or the comment behind its first key; else ""."""
        words = (line.lstrip("#").strip() for line in self._head if not _is_for_machines(line))
        return next((text for text in words if text), "") or self._comment_of_first_key

    @property
    def content(self) -> Any:
        """What the file holds, by YAML alone: interpolations are texts, and so is `1e-3`."""
        return yaml.load(self.text, Loader=YAML_LOADER) if self._root is not None else None

    @property
    def comments(self) -> dict[str, str]:
        """The comments behind keys, by config path; keys without one are left out."""
        lines, found = self.text.splitlines(), {}
        for path, key, value in _keys(self._root, ""):
            is_inline = value.end_mark.line == key.start_mark.line
            comment = _COMMENT.search(lines[key.start_mark.line], value.end_mark.column if is_inline else 0)
            if comment:
                found[path] = comment[1].strip()
        return found

    @property
    def _comment_of_first_key(self) -> str:
        first = next((path for path, _, _ in _keys(self._root, "")), "")
        return self.comments.get(first, "")

    @property
    def _repair(self) -> str:
        if self.provider in ("project", "accelerator"):
            return "Repair the file"
        return f"It came with {self.provider}: update or uninstall that"

    @cached_property
    def _root(self) -> yaml.Node | None:
        try:
            root: yaml.Node | None = yaml.compose(self.text, Loader=YAML_LOADER)
        except yaml.YAMLError as error:
            line, what = 1, str(error).partition("\n")[0]
            if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
                line, what = error.problem_mark.line + 1, error.problem or what
            problem = Problem("", f"is not valid YAML: {what}", self._repair, f"{self.path}:{line}")
            raise ConfigError(problem) from error
        return root

    @property
    def _head(self) -> Iterator[str]:
        for line in self.text.splitlines():
            if line.strip() and not line.startswith("#"):
                return
            yield line


def configs_of(group: str, sources: Sequence[ConfigSource]) -> tuple[GroupConfig, ...]:
    """Return the configs of one group by name; of several files of one name the first in search order counts."""
    found: dict[str, GroupConfig] = {}
    for source in sources:
        for path in (source.path / group).glob("*.yaml"):
            found.setdefault(path.stem, GroupConfig(group, path.stem, path, source.provider))
    return tuple(found[name] for name in sorted(found))


def configs_below(group: str, sources: Sequence[ConfigSource]) -> tuple[GroupConfig, ...]:
    """Return the configs of one group, as `configs_of`, and those in its subfolders: `experiment=vision/resnet`."""
    inner = sorted(name for name in groups_of(sources) if name == group or name.startswith(f"{group}/"))
    found = [
        replace(item, group=group, name=f"{folder}/{item.name}".removeprefix(f"{group}/"))
        for folder in inner
        for item in configs_of(folder, sources)
    ]
    return tuple(sorted(found, key=lambda item: item.name))


def groups_of(sources: Sequence[ConfigSource]) -> tuple[str, ...]:
    """Return all groups that hold configs, nested ones (`model/vision`) too, sorted."""
    found = {
        path.parent.relative_to(source.path).as_posix()
        for source in sources
        for path in source.path.rglob("*.yaml")
        if not any(part.startswith(".") for part in path.relative_to(source.path).parts)
    }
    return tuple(sorted(found - {"."}))


def is_our_repository(project: Project) -> bool:
    """Tell whether a project's configs are the ones that we ship."""
    return project.configs.resolve() == shipped_configs().resolve()


def own_search_path(project: Project, sources: Sequence[ConfigSource]) -> tuple[ConfigSource, ...]:
    """Return the folders that what is generated for a project is made from.

    In our own repository that is our folder alone: what happens to be installed beside it does not travel with us.
    """
    if not is_our_repository(project):
        return tuple(sources)
    return (ConfigSource("accelerator", shipped_configs()),)


def _keys(node: yaml.Node | None, above: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Yield path, key and value of all keys but those that share a line: a comment there is about them all."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        path = f"{above}.{key.value}" if above else str(key.value)
        yield path, key, value
        if value.start_mark.line != key.start_mark.line:
            yield from _keys(value, path)


def _is_for_machines(line: str) -> bool:
    return bool(_PACKAGE.match(line) or _SCHEMA_LINE.match(line))
