"""From overrides to one composed config, which knows where each of its values came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from accelerator.components import Registry
from accelerator.config.hydra_api import load
from accelerator.config.project import ConfigSource, Project, find_project, search_path
from accelerator.config.provenance import Provenance, read_provenance
from accelerator.config.schema import NODES, ORDER, TRANSFORM_SPLITS, TRANSFORMS

@dataclass(frozen=True)
class Composition:
    """What a config was composed from."""

    project: Project
    overrides: tuple[str, ...]
    provenance: Provenance
    registry: Registry
    sources: tuple[ConfigSource, ...]


class ComposedConfig(DictConfig):
    """A DictConfig like any other, which besides knows what it was composed from (`composition_of`)."""

    def __init__(self, content: DictConfig, composition: Composition) -> None:
        super().__init__(content)
        self.__dict__["_composition"] = composition

    def __deepcopy__(self, memo: dict[int, Any]) -> "ComposedConfig":
        return ComposedConfig(super().__deepcopy__(memo), self.__dict__["_composition"])


def composition_of(config: Any) -> Composition | None:
    """Return what a config was composed from; None for a config that was made in another way."""
    return config.__dict__["_composition"] if isinstance(config, ComposedConfig) else None


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
    loaded = load(sources, config_name, list(overrides), prepare=_complete)
    provenance = read_provenance(loaded.files, loaded.overrides, project, sources)
    composition = Composition(project, tuple(overrides), provenance, registry, sources)
    return ComposedConfig(_ordered(loaded.config), composition)


def _complete(config: DictConfig) -> None:
    """Add the keys that a defaults list leaves out when nothing is chosen, so that they can be read and set."""
    with open_dict(config):
        for key in (*NODES, "optimizer", "scheduler"):
            if key not in config:
                config[key] = None
        for key in ("loss", "metric", "callback"):
            if config.get(key) is None:
                config[key] = {}
        for key in TRANSFORMS:
            for split in TRANSFORM_SPLITS:
                if OmegaConf.select(config, f"{key}.{split}") is None:
                    OmegaConf.update(config, f"{key}.{split}", {}, force_add=True)


def _ordered(config: DictConfig) -> DictConfig:
    keys = sorted(config, key=lambda key: ORDER.index(key) if key in ORDER else len(ORDER))
    ordered = OmegaConf.create({}, flags={"struct": False})
    for key in keys:
        ordered._set_item_impl(key, config._get_node(key))
    OmegaConf.set_struct(ordered, True)
    return ordered
