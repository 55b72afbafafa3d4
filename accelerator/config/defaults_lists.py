"""What is wrong with the defaults lists of config files, read from the files themselves.

Hydra's own words for these mistakes name neither line nor remedy, and change from version to version.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from accelerator.config.defaults_entries import SELF, DefaultsEntry, DefaultsList
from accelerator.config.hydra_api import GLOBAL_GROUPS, ConfigFolders
from accelerator.config.launcher_packages import how_to_install
from accelerator.config.project import ConfigSource, Project
from accelerator.config.provenance import shown_path
from accelerator.config.yaml_loader import YAML_LOADER
from accelerator.errors import Problem, did_you_mean

GLOBAL_HEADER = "# @package _global_"
_BYTE_ORDER_MARK = "\ufeff"
_OF_HYDRA = "hydra/"  # its launchers and sweepers lie in no file


@dataclass(frozen=True)
class DefaultsLists:
    """The defaults lists of the search path's files."""

    folders: ConfigFolders
    sources: tuple[ConfigSource, ...]
    project: Project

    def problems(self, names: Sequence[str]) -> list[Problem]:
        """Return what is wrong in the files of these names, and in those that they lead to."""
        circles = [problem for name in names for problem in self._circles(name, [])]
        if circles:
            return circles[:1]
        found: list[Problem] = []
        chosen: dict[str, DefaultsEntry] = {}
        overridden: list[DefaultsEntry] = []
        for name in self._reached(names):
            listed = self._list(name)
            entries = listed.entries()
            found += [*self._header(name), *listed.problems(), *self._order(entries)]
            for entry in entries:
                found += self._unknown(entry) or self._chosen_twice(entry, chosen)
                overridden += [entry] if entry.is_override else []
        return found or [problem for entry in overridden for problem in self._overrides_nothing(entry, chosen)]

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Return what these files and those that they lead to choose: `model`, `transform@transform.train`."""
        entries = [entry for name in self._reached(names) for entry in self._list(name).entries()]
        return list(dict.fromkeys(entry.choice for entry in entries if entry.group and not entry.is_override))

    def lacks_header(self, name: str) -> bool:
        """Tell whether a config of a group that sets keys at the top level lacks the header for that."""
        path = self._path(name)
        if path is None or not name.startswith(tuple(f"{group}/" for group in GLOBAL_GROUPS)):
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
        remedy = f"Make this the first line of the file: {GLOBAL_HEADER}"
        if lines and _is_global_header(lines[0].removeprefix(_BYTE_ORDER_MARK)):
            text = "begins with an invisible mark (U+FEFF), behind which the header is not read"
            remedy = "Save it as UTF-8 without a byte order mark"
        return Problem("", text, remedy, f"{shown}:1")

    def _reached(self, names: Sequence[str]) -> Iterator[str]:
        seen, left = set(), list(names)
        while left:
            name = left.pop(0)
            if name in seen or self._path(name) is None:
                continue
            seen.add(name)
            yield name
            left[:0] = [led_to for entry in self._list(name).entries() for led_to in entry.names]

    def _circles(self, name: str, above: list[str]) -> Iterator[Problem]:
        for entry in self._list(name).entries():
            for led_to in entry.names:
                if led_to not in (*above, name):
                    yield from self._circles(led_to, [*above, name])
                    continue
                way = " -> ".join([*[*above, name][[*above, name].index(led_to) :], led_to])
                yield Problem("defaults", f"'{led_to}' leads back to itself: {way}", "Take this entry out", entry.place)

    def _header(self, name: str) -> list[Problem]:
        return [self.header_problem(name)] if self.lacks_header(name) else []

    def _order(self, entries: list[DefaultsEntry]) -> Iterator[Problem]:
        first = next((place for place, entry in enumerate(entries) if entry.is_override), len(entries))
        for entry in entries[first:]:
            if not entry.is_override and entry.options != (SELF,):
                text = f"'{entry.text}' comes after an override entry, where Hydra takes no plain one"
                yield Problem("defaults", text, "Move it up: plain entries first, `override` entries last", entry.place)

    def _unknown(self, entry: DefaultsEntry) -> list[Problem]:
        if entry.is_optional:
            return []
        if entry.group and entry.options and not self.folders.has_group(entry.group):
            return [self._unknown_group(entry)]
        return [problem for option in entry.options for problem in self._unknown_option(entry, option)]

    def _unknown_group(self, entry: DefaultsEntry) -> Problem:
        text, known = f"there is no config group '{entry.group}'", self.folders.groups()
        if entry.written != entry.group and entry.written in known:
            text = f"{text}: without a / in front, '{entry.written}' is looked for beside the file"
            remedy = f"Write override /{entry.written}: {entry.chosen}"
            return Problem("defaults", f"{text}. Did you mean '/{entry.written}'?", remedy, entry.place)
        return Problem("defaults", f"{text}. {did_you_mean(entry.group, known)}", "Correct it", entry.place)

    def _unknown_option(self, entry: DefaultsEntry, option: str) -> Iterator[Problem]:
        if option in (SELF, "???"):
            return
        if "${" in option:
            named = option.strip("${}")
            if named not in self.folders.groups():
                text = f"'{option}' names no choice. {did_you_mean(named, self.folders.groups())}"
                yield Problem("defaults", text, "Write the name of a config, or name a group there", entry.place)
            return
        is_of_hydra = entry.group.startswith(_OF_HYDRA) and option in self.folders.options(entry.group)
        if not is_of_hydra and self._path(f"{entry.group}/{option}" if entry.group else option) is None:
            group, _, name = option.rpartition("/") if not entry.group else (entry.group, "", option)
            yield Problem("defaults", unknown_option(self.folders, group, name), "", entry.place)

    def _chosen_twice(self, entry: DefaultsEntry, chosen: dict[str, DefaultsEntry]) -> list[Problem]:
        if entry.is_override or not entry.group:
            return []
        first = chosen.setdefault(entry.choice, entry)
        if first is entry:
            return []
        text = f"'{entry.text}' chooses once more, after {first.place}"
        return [Problem("defaults", text, f"Write override {entry.text}, below the plain entries", entry.place)]

    def _overrides_nothing(self, entry: DefaultsEntry, chosen: dict[str, DefaultsEntry]) -> Iterator[Problem]:
        if entry.choice in chosen or entry.group.startswith(_OF_HYDRA):
            return
        of_group = [choice for choice, other in chosen.items() if other.group == entry.group]
        text = f"nothing has chosen '{entry.choice}', which 'override' could change"
        remedy = f"Write it without override, above the override entries: {entry.text}"
        if of_group:
            remedy = f"Write override /{of_group[0]}: {entry.chosen}, or leave override out"
        yield Problem("defaults", f"{text}. {did_you_mean(entry.choice, of_group)}", remedy, entry.place)

    def _path(self, name: str) -> Path | None:
        paths = (source.path / f"{name}.yaml" for source in self.sources)
        return next((path for path in paths if path.is_file()), None)

    def _list(self, name: str) -> DefaultsList:
        path = self._path(name)
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=YAML_LOADER) if path else None
        shown = shown_path(path, self.project, self.sources) if path else name
        return DefaultsList.of(root, name.rpartition("/")[0], shown)


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
