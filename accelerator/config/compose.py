"""From overrides to one composed config, which knows where each of its values came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from accelerator.components import Registry
from accelerator.config.completion import complete, ordered
from accelerator.config.defaults_lists import DefaultsLists
from accelerator.config.diagnosis import (
    COMPOSE_ERRORS,
    Attempt,
    below_interpolation,
    diagnose,
)
from accelerator.config.hydra_api import ConfigFolders, Loaded, ParsedOverride, SearchPathError, load
from accelerator.config.index_values import fill_in_index
from accelerator.config.project import ConfigSource, Project, find_project, search_path
from accelerator.config.provenance import Provenance, read_provenance
from accelerator.errors import ConfigError, Problem
from accelerator.heap import uncollected
from accelerator.hostile_yaml import HostileYamlError


@dataclass(frozen=True)
class Composition:
    """What a config was composed from."""

    project: Project
    overrides: tuple[str, ...]
    provenance: Provenance
    registry: Registry
    sources: tuple[ConfigSource, ...]
    from_index: Mapping[str, str] = field(default_factory=dict)
    """Config path -> the `${index.…}` that stood there, where there was one."""
    run_folder: Path | None = None
    """The run folder that the config was read from; None for one that was composed."""
    hydra: DictConfig | None = None
    """What the config said to Hydra itself, such as a launcher; it is no part of the config any more."""


class ComposedConfig(DictConfig):
    """A DictConfig like any other, which besides knows what it was composed from (`composition_of`)."""

    def __init__(self, content: DictConfig, composition: Composition) -> None:
        super().__init__(content)
        self.__dict__["_composition"] = composition

    def __deepcopy__(self, memo: dict[int, Any]) -> "ComposedConfig":
        return ComposedConfig(super().__deepcopy__(memo), self.__dict__["_composition"])

    def typed_behind(self, earlier: Sequence[str]) -> "ComposedConfig":
        """Return the same config, told to be composed from overrides of an earlier command as well."""
        composition: Composition = self.__dict__["_composition"]
        return ComposedConfig(self, replace(composition, overrides=(*earlier, *composition.overrides)))


def composition_of(config: Any) -> Composition | None:
    """Return what a config was composed from; None for a config that was made in another way."""
    return config.__dict__["_composition"] if isinstance(config, ComposedConfig) else None


@uncollected()
def compose(
    overrides: Sequence[str] = (),
    *,
    project: Project | None = None,
    config_name: str = "main",
    registry: Registry | None = None,
) -> ComposedConfig:
    """Compose a config as the command line does; interpolations stay as they are until they are read.

    Every key of `base.yaml` is there: what is not chosen is null, or an empty mapping where a mapping belongs.
    `project` defaults to the one of the working folder, `registry` to all that is installed and the project's own.
    No global state is left behind.

    Example:
        >>> config = compose(["experiment=digits_resnet", "optimizer.lr=0.01"])
        >>> config.optimizer.lr
        0.01

    Raises:
        ConfigError: an unknown name or key, a malformed override, a broken file; all with what to do.
    """
    project = project or find_project()
    registry = registry or Registry.discover(project.root)
    sources = search_path(project, registry)
    loaded = _load(Attempt(sources, project, config_name, tuple(overrides)))
    found = read_provenance(loaded.files, loaded.overrides, project, sources)
    provenance = replace(found, choices=_choices(loaded))
    filled_in = fill_in_index(loaded.config, provenance)
    if filled_in.problems:
        raise ConfigError(filled_in.problems)
    complete(loaded.config)
    composition = Composition(
        project,
        tuple(overrides),
        filled_in.of(provenance),
        registry,
        sources,
        filled_in.references,
        hydra=loaded.hydra,
    )
    return ComposedConfig(ordered(loaded.config), composition)


def _choices(loaded: Loaded) -> dict[str, str]:
    listed: dict[str, list[str]] = {}
    for file in loaded.files:
        group, _, option = file.name.rpartition("/")
        if group not in ("", "index"):
            listed.setdefault(file.package or group.replace("/", "."), []).append(option)
    for key, chosen in loaded.chosen.items():
        group, _, package = key.partition("@")
        path = package or group.replace("/", ".")
        if chosen is not None and path in listed:  # not what the chosen one includes
            listed[path] = [chosen]
    removed = {item.key for item in loaded.overrides if item.group and item.value is None}
    return {key: ", ".join(options) for key, options in listed.items() if key not in removed}


def _load(attempt: Attempt) -> Loaded:
    problems: list[Problem] = []

    def prepare(config: DictConfig, overrides: Sequence[ParsedOverride]) -> None:
        complete(config)
        problems.extend(below_interpolation(config, overrides))

    try:
        loaded = load(attempt.sources, attempt.config_name, attempt.overrides, prepare=prepare)
    except HostileYamlError as error:
        raise ConfigError(Problem("", f"cannot be a config: {error}", "Remove that from the file")) from error
    except SearchPathError as error:
        raise ConfigError(Problem("", str(error), "")) from error
    except COMPOSE_ERRORS as error:
        raise diagnose(error, attempt) from error
    lists = DefaultsLists(ConfigFolders(attempt.sources), attempt.sources, attempt.project)
    problems += [lists.header_problem(file.name) for file in loaded.files if lists.lacks_header(file.name)]
    if problems:
        raise ConfigError(problems)
    return loaded
