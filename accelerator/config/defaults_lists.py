"""What is wrong with the defaults lists of config files, read from the files themselves.

Hydra's own words for these mistakes name neither line nor remedy, and change from version to version.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from accelerator.config.hydra_api import ConfigFolders
from accelerator.config.launcher_packages import how_to_install
from accelerator.config.project import ConfigSource, Project
from accelerator.config.provenance import shown_path
from accelerator.config.yaml_loader import YAML_LOADER
from accelerator.errors import Problem, did_you_mean

GLOBAL_HEADER = "# @package _global_"
_GLOBAL_GROUPS = ("experiment", "debug")
_OF_HYDRA = "hydra/"  # its launchers and sweepers lie in no file


@dataclass(frozen=True)
class DefaultsEntry:
    """One line of a defaults list: `- override /transform@transform.train: [a, b]`, or a plain name."""

    place: str
    """`file:line`."""
    group: str
    """The group from the root of the configs, or "" for a plain name."""
    options: tuple[str, ...]
    is_override: bool
    is_optional: bool


@dataclass(frozen=True)
class DefaultsLists:
    """The defaults lists of the search path's files."""

    folders: ConfigFolders
    sources: tuple[ConfigSource, ...]
    project: Project

    def problems(self, config_name: str, experiments: list[str]) -> list[Problem]:
        """Return what is wrong in the files that `config_name` and the chosen experiments lead to."""
        found: list[Problem] = []
        for name in dict.fromkeys(self._reached([config_name, *experiments])):
            entries = self._entries(name)
            found += [*self._header(name), *self._order(entries)]
            for entry in entries:
                found += self._unknown(entry)
        return found

    def lacks_header(self, name: str) -> bool:
        """Tell whether a config of a group that sets keys at the top level lacks the header for that."""
        path = self._path(name)
        if path is None or not name.startswith(tuple(f"{group}/" for group in _GLOBAL_GROUPS)):
            return False
        lines = path.read_text(encoding="utf-8").splitlines()
        return not any(map(_is_global_header, itertools.takewhile(_may_be_header, lines)))

    def header_problem(self, name: str) -> Problem:
        """Return the problem of a file that lacks its header."""
        path = self._path(name)
        shown = shown_path(path, self.project, self.sources) if path else name
        lines = path.read_text(encoding="utf-8").splitlines() if path else []
        lack = "stands too low, where it is not read" if any(map(_is_global_header, lines)) else "is missing"
        text = f"the header {lack}, so all of its keys would stand below '{name.rpartition('/')[0]}'"
        return Problem("", text, f"Make this the first line of the file: {GLOBAL_HEADER}", f"{shown}:1")

    def _reached(self, names: list[str]) -> Iterator[str]:
        seen = set()
        while names:
            name = names.pop(0)
            if name in seen or self._path(name) is None:
                continue
            seen.add(name)
            yield name
            for entry in self._entries(name):
                names += [f"{entry.group}/{option}" if entry.group else option for option in entry.options]

    def _header(self, name: str) -> list[Problem]:
        return [self.header_problem(name)] if self.lacks_header(name) else []

    def _order(self, entries: list[DefaultsEntry]) -> Iterator[Problem]:
        first = next((place for place, entry in enumerate(entries) if entry.is_override), len(entries))
        for entry in entries[first:]:
            if not entry.is_override and entry.options != ("_self_",):
                text = f"'{_entry_text(entry)}' comes after an override entry, where Hydra takes no plain one"
                yield Problem("defaults", text, "Move it up: plain entries first, `override` entries last", entry.place)

    def _unknown(self, entry: DefaultsEntry) -> Iterator[Problem]:
        if entry.is_optional:
            return
        if entry.group and entry.options and not self.folders.has_group(entry.group):
            guess = did_you_mean(entry.group, self.folders.groups())
            yield Problem("defaults", f"there is no config group '{entry.group}'. {guess}", "Correct it", entry.place)
            return
        for option in entry.options:
            if "${" in option or option in ("_self_", "???"):
                continue
            is_of_hydra = entry.group.startswith(_OF_HYDRA) and option in self.folders.options(entry.group)
            if not is_of_hydra and self._path(f"{entry.group}/{option}" if entry.group else option) is None:
                yield Problem("defaults", unknown_option(self.folders, entry.group, option), "", entry.place)

    def _path(self, name: str) -> Path | None:
        paths = (source.path / f"{name}.yaml" for source in self.sources)
        return next((path for path in paths if path.is_file()), None)

    def _entries(self, name: str) -> list[DefaultsEntry]:
        path = self._path(name)
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=YAML_LOADER) if path else None
        if path is None or not isinstance(root, yaml.MappingNode):
            return []
        defaults = next((value for key, value in root.value if key.value == "defaults"), None)
        shown = shown_path(path, self.project, self.sources)
        items = defaults.value if isinstance(defaults, yaml.SequenceNode) else []
        return [_entry(item, name.rpartition("/")[0], shown) for item in items]


def _is_global_header(line: str) -> bool:
    return line.replace(" ", "").startswith("#@package_global_")


def _may_be_header(line: str) -> bool:
    """Tell whether Hydra reads on for a header after this line: it stops at the first that is neither one nor blank."""
    return not line.strip() or line.replace(" ", "").startswith("#@")


def unknown_option(folders: ConfigFolders, group: str, option: str) -> str:
    """Return the sentence for a name that a group does not have."""
    if not group:
        return f"there is no config '{option}'"
    said = f"There is no {group} '{option}'. {did_you_mean(option, folders.options(group))}"
    return f"{said} {how_to_install(option)}" if group in ("hydra/launcher", "hydra/sweeper") else said


def _entry(item: yaml.Node, folder: str, shown: str) -> DefaultsEntry:
    place = f"{shown}:{item.start_mark.line + 1}"
    if not isinstance(item, yaml.MappingNode):
        name = str(item.value).partition("@")[0]
        return DefaultsEntry(place, "", (_from_root(name, folder),), False, False)
    key, value = item.value[0]
    *words, group = str(key.value).split(" ")
    group = _from_root(group.partition("@")[0], folder)
    return DefaultsEntry(place, group, _options(value), "override" in words, "optional" in words)


def _options(value: yaml.Node) -> tuple[str, ...]:
    if isinstance(value, yaml.SequenceNode):
        return tuple(str(item.value) for item in value.value)
    return () if value.tag == "tag:yaml.org,2002:null" else (str(value.value),)


def _from_root(name: str, folder: str) -> str:
    if name.startswith("/") or name == "_self_" or not folder:
        return name.lstrip("/")
    return f"{folder}/{name}"


def _entry_text(entry: DefaultsEntry) -> str:
    if not entry.group:
        return ", ".join(entry.options)
    return f"/{entry.group}: {', '.join(entry.options) or 'null'}"
