"""What `${index.loss.ssim}` stands for is put in its place, so that no config that runs or is saved holds an index.

Texts are moved as they are written, never resolved: an environment variable that one of them names stays a name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict

from accelerator.components import KINDS
from accelerator.config.index_files import INDEX
from accelerator.config.provenance import Provenance
from accelerator.config.read import is_mapping, join, raw
from accelerator.errors import Problem, did_you_mean

_Found = TypeVar("_Found")
_REFERENCE = re.compile(r"(?<!\\)\$\{\s*index\.([^\s.:${}\[\]][^\s:${}\[\]]*)\s*\}")


@dataclass(frozen=True)
class FilledIn:
    """What was filled in: for each config path that named a part of the index, the text that named it."""

    references: Mapping[str, str]
    problems: tuple[Problem, ...]

    def of(self, provenance: Provenance) -> Provenance:
        """Return the provenance of the config as it is now: what came through the index has the file that set it."""
        found = _without_index(provenance.of_key)
        values = _without_index(provenance.values)
        for key, text in self.references.items():
            target = _target(text)
            for name, sources in provenance.of_key.items() if target else ():
                moved = key + name.removeprefix(target)
                if name.startswith(f"{target}.") and moved not in found:
                    found[moved] = sources
                    values |= {moved: provenance.values[name]} if name in provenance.values else {}
        return replace(provenance, of_key=found, values=values, hidden=_without_index(provenance.hidden))


def fill_in_index(config: DictConfig, provenance: Provenance) -> FilledIn:
    """Replace, in place, every `${index.…}` by what it names, and drop the key `index`."""
    filling = _Filling(config, provenance)
    if filling.is_needed():
        with open_dict(config):
            filling.fill(config, "", ())
            config.pop(INDEX, None)
    return FilledIn(filling.references, tuple(filling.problems))


@dataclass(frozen=True)
class _Filling:
    config: DictConfig
    provenance: Provenance
    references: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def is_needed(self) -> bool:
        return INDEX in self.config or any(_REFERENCE.search(text) for text in _texts(self.config))

    def fill(self, node: DictConfig | ListConfig, key: str, within: tuple[str, ...]) -> None:
        """Fill in below `node`; `within` are the references that led here, none of which may come again."""
        for name in list(node) if isinstance(node, DictConfig) else range(len(node)):
            path = join(key, str(name)) if isinstance(node, DictConfig) else f"{key}[{name}]"
            if path == INDEX:
                continue
            seen, value = within, _raw(node, name)
            while isinstance(value, str) and (found := _REFERENCE.search(value)):
                if not self._replace(node, name, path, found, seen):
                    break
                seen, value = (*seen, found[1]), _raw(node, name)
            if isinstance(value, DictConfig | ListConfig):
                self.fill(value, path, seen)

    def _replace(
        self, node: DictConfig | ListConfig, name: Any, path: str, found: "re.Match[str]", seen: tuple[str, ...]
    ) -> bool:
        text, parts = found.string, [INDEX, *found[1].split(".")]
        if found[1] in seen:
            self._add(path, text, "leads back to itself", "Name a config that does not name this one")
            return False
        target: Any = self.config
        for place, part in enumerate(parts):
            if not is_mapping(target) or part not in list(target):
                self._unknown(path, text, parts, place, target)
                return False
            target = raw(target, part)
        if found[0] == text.strip():
            node[name] = target
        elif isinstance(target, DictConfig | ListConfig):
            self._add(path, text, f"{'.'.join(parts)} is no text that could stand in another", "Name one value of it")
            return False
        else:
            node[name] = text.replace(found[0], str(target))
        self.references.setdefault(path, text)
        return True

    def _unknown(self, path: str, text: str, parts: list[str], place: int, above: Any) -> None:
        kind = parts[1]
        if place > 1:
            known = [str(name) for name in above] if is_mapping(above) else []
            guess = did_you_mean(parts[place], known)
            self._add(path, text, f"{'.'.join(parts[:place])} has no '{parts[place]}'. {guess}", "Correct the name")
        elif kind in KINDS:
            remedy = f"Add `- /{INDEX}/{kind}` to the defaults list of the file, before its override entries"
            self._add(path, text, f"the index of {kind} is not included", remedy)
        else:
            guess = did_you_mean(kind, KINDS, most=len(KINDS))
            self._add(path, text, f"the index has no kind '{kind}'. {guess}", "Correct the name")

    def _add(self, path: str, value: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(path, what, remedy, self.provenance.place_of(path), value))


def _without_index(found: Mapping[str, _Found]) -> dict[str, _Found]:
    return {key: item for key, item in found.items() if key.partition(".")[0] != INDEX}


def _raw(node: DictConfig | ListConfig, name: Any) -> Any:
    if isinstance(node, DictConfig):
        return raw(node, name)
    found: Any = node._get_node(name)
    is_part = isinstance(found, DictConfig | ListConfig) and not found._is_interpolation() and not found._is_none()
    return found if is_part else found._value()


def _texts(config: DictConfig) -> Iterator[str]:
    def below(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from below(item)

    return below(OmegaConf.to_container(config))


def _target(text: str) -> str:
    """Return the config path that a text names when it is one reference and nothing else."""
    found = _REFERENCE.fullmatch(text.strip())
    return f"{INDEX}.{found[1]}" if found else ""
