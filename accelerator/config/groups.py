"""The configs of a group: where each lies, who provides it, and what the comment at its head says."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from accelerator.config.project import ConfigSource, Project, shipped_configs
from accelerator.config.provenance import YAML_LOADER

_PACKAGE = re.compile(r"#\s*@\s*package\s+(\S+)")
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
        """The file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def package(self) -> str:
        """The package that the file's header asks for, `_global_` or another; "" without a header."""
        found = (_PACKAGE.match(line) for line in self._head)
        return next((match[1] for match in found if match), "")

    @property
    def description(self) -> str:
        """The first sentence or line of the comment at the head of the file; "" when there is none."""
        words = (line.lstrip("#").strip() for line in self._head if not _is_for_machines(line))
        return next((text for text in words if text), "")

    @property
    def content(self) -> Any:
        """What the file holds, by YAML alone: interpolations are texts, and so is `1e-3`."""
        return yaml.load(self.text, Loader=YAML_LOADER)

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


def own_search_path(project: Project, sources: Sequence[ConfigSource]) -> tuple[ConfigSource, ...]:
    """Return the folders that what is generated for a project is made from.

    In our own repository that is our folder alone: what happens to be installed beside it does not travel with us.
    """
    own = shipped_configs().resolve()
    if project.configs.resolve() != own:
        return tuple(sources)
    return tuple(source for source in sources if source.path.resolve() == own)


def _is_for_machines(line: str) -> bool:
    return bool(_PACKAGE.match(line) or _SCHEMA_LINE.match(line))
