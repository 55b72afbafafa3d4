"""Configs that are known to be sound, new and of runs: all problems are told at once, before torch is imported."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omegaconf import OmegaConf, open_dict

from accelerator.components import Registry
from accelerator.config.check import check_config
from accelerator.config.check_command import compose_sound
from accelerator.config.compose import ComposedConfig, compose, composition_of
from accelerator.config.project import Project
from accelerator.config.saved import load_saved
from accelerator.errors import ConfigError, InputError, Problem
from accelerator.redaction import redact_text
from accelerator.runs.folder import RunFolder
from accelerator.runs.overrides import read_overrides
from accelerator.runs.run import Run
from accelerator.tracking.addresses import ADDRESS_KEY, UNNAMED, configured_address, how_to_name, is_named

TRUST = "trust"


def sound_config(overrides: Sequence[str], project: Project, components: Iterable[Any] = ()) -> ComposedConfig:
    """Compose a config and check it.

    Raises:
        ConfigError: it does not compose, or it has problems; carries all of them.
    """
    registry = Registry.discover(project.root).with_marked(components)
    return compose_sound(overrides, project=project, registry=registry)


def sound_config_of_run(
    run: Run, overrides: Sequence[str], project: Project, components: Iterable[Any] = ()
) -> ComposedConfig:
    """Read the config of a run, with overrides on top, and check it.

    Raises:
        ConfigError: it cannot be read, or has problems; carries all of them.
        InputError: the run was made in Python from objects, which no config describes.
    """
    registry = Registry.discover(project.root).with_marked(components)
    config = config_of_run(run, overrides, project, registry)
    _judge_address(config, run.folder.path, overrides, project)
    return _checked(config, registry)


def sound_saved_config(path: Path, overrides: Sequence[str], project: Project) -> ComposedConfig:
    """Read a saved config (its folder or file) to train it anew; the present project's trust counts.

    Its overrides are those that it was made with, and behind them the ones on top: who reads the run finds both.

    Raises:
        ConfigError: it cannot be read, or has problems; carries all of them.
    """
    registry = Registry.discover(project.root)
    folder = path if path.is_dir() else path.parent
    config = load_saved(path, overrides, project, registry)
    _trust_as_here(config, overrides, project, registry)
    _judge_address(config, folder, overrides, project)
    return _checked(config, registry).typed_behind(read_overrides(RunFolder(folder)))


def config_of_run(run: Run, overrides: Sequence[str], project: Project, registry: Registry) -> ComposedConfig:
    """Read the config of a run, with overrides on top; what it may name is up to the present project, not to itself.

    Raises:
        ConfigError: it cannot be read, or may not be.
        InputError: the run was made in Python from objects, which no config describes.
    """
    config = load_saved(run.folder.path, overrides, project, registry)
    if run.config and "model" not in run.config:
        raise InputError(
            f"{run.folder.path}: this run was made in Python from objects, and no config says how to make them again. "
            f"Its tensors are in {run.folder.checkpoints}: model.safetensors of a checkpoint loads with safetensors."
        )
    present = _trust_as_here(config, overrides, project, registry)
    if not _lies_in_its_output(run, config, project) and not any(
        item.startswith("paths.output=") for item in overrides
    ):
        config.paths.output = present.paths.output
    return config


def exported_config(text: str, file: Path, project: Project, registry: Registry) -> ComposedConfig:
    """Read the config in an exported file, which has the model alone, from its text; the present trust counts.

    Raises:
        ConfigError: it cannot be read, or may not be.
    """
    with TemporaryDirectory() as folder:
        written = Path(folder) / f"config of {file.name}.yaml"
        written.write_text(text, encoding="utf-8")
        config = load_saved(written, (), project, registry)
    if not isinstance(config.model, Mapping):
        raise ConfigError(Problem("model", "no model is described there", "Export it again.", str(file)))
    _trust_as_here(config, (), project, registry)
    return config


def _lies_in_its_output(run: Run, config: ComposedConfig, project: Project) -> bool:
    """Tell whether a run lies where its config puts runs; else it came from elsewhere, and writes nothing there."""
    paths = config.get("paths")
    output = paths.get("output") if isinstance(paths, Mapping) else None
    place = project.absolute(f"{output}/{config.get('name')}") if output is not None else None
    return place == run.folder.path.resolve().parent


def _trust_as_here(
    config: ComposedConfig, overrides: Sequence[str], project: Project, registry: Registry
) -> ComposedConfig:
    """Give a config that may come from a stranger the trust of this command's project, and return that one's config."""
    own = [item for item in overrides if item.lstrip("+").partition("=")[0] == TRUST]
    present = compose(own, project=project, registry=registry)
    with open_dict(config):  # the saved one may lack the key
        config[TRUST] = list(present[TRUST])
    return present


def _judge_address(config: ComposedConfig, folder: Path, overrides: Sequence[str], project: Project) -> None:
    """Refuse a store that only the run's config names: what a command logs would be sent there."""
    node = OmegaConf.to_container(config).get("tracking")  # type: ignore[union-attr]
    address = configured_address(node)
    is_asked = any(item.lstrip("+").partition("=")[0] in ("tracking", ADDRESS_KEY) for item in overrides)
    if address is None or is_asked or is_named(address, project, folder):
        return
    composition = composition_of(config)
    place = composition.provenance.place_of(ADDRESS_KEY) if composition else ""
    remedy = f"{how_to_name(address)}, or add {ADDRESS_KEY}=… to the command"
    raise ConfigError(Problem(ADDRESS_KEY, UNNAMED, remedy, place, redact_text(address)))


def _checked(config: ComposedConfig, registry: Registry) -> ComposedConfig:
    problems = check_config(config, registry)
    if problems:
        raise ConfigError(problems)
    return config
