"""Whether the `launch` settings of a pipeline's step are such that something can be launched with them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, final

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.groups import configs_of
from accelerator.config.hydra_api import ConfigFolders
from accelerator.config.launch_settings import LAUNCHER, OF_TRAINING, named_settings
from accelerator.config.launcher_packages import how_to_install
from accelerator.config.project import ConfigSource
from accelerator.config.read import Reader, is_mapping
from accelerator.config.schema import LaunchConfig
from accelerator.errors import did_you_mean, first_line
from accelerator.leaves import leaves

_TARGET = "_target_"


@final
class LaunchCheck:
    """Judges the settings of all steps of a pipeline; launchers are looked for when the first step names one."""

    def __init__(self, sources: Sequence[ConfigSource], reader: Reader) -> None:
        self._sources = sources
        self._reader = reader

    def check(self, launch: Any, key: str) -> None:
        """Note what is wrong with the settings that stand at `key`."""
        settings = named_settings(launch, self._sources)
        if isinstance(settings, str):
            known = [item.name for item in configs_of("launch", self._sources)]
            self._reader.add(key, f"there is no launch '{settings}'. {did_you_mean(settings, known)}", "Name one")
        elif settings is not None and not is_mapping(settings):
            text = "must be a mapping of settings, or the name of a config of the group launch"
            self._reader.add(key, text, f"Write launch: {{{LAUNCHER}: submitit_local}}", value=settings)
        elif settings is not None:
            self._check_settings(settings, key)

    def _check_settings(self, settings: Mapping[str, Any], key: str) -> None:
        self._reader.read(LaunchConfig, settings, key, others=True)
        others = {name: value for name, value in settings.items() if name not in (LAUNCHER, *OF_TRAINING)}
        if LAUNCHER in settings:
            self._check_launcher(settings[LAUNCHER], others, key)
            return
        for name in others:
            text = f"there is no such setting without a launcher. {did_you_mean(name, [LAUNCHER, *OF_TRAINING])}"
            self._reader.add(f"{key}.{name}", text, f"Correct it, or write {LAUNCHER}: NAME beside it")

    def _check_launcher(self, name: Any, settings: Mapping[str, Any], key: str) -> None:
        known = self._folders.options("hydra/launcher")
        if name not in known:
            text = f"there is no launcher '{name}'. {did_you_mean(str(name), known)}"
            self._reader.add(f"{key}.{LAUNCHER}", text, f"Name one of them. {how_to_install(str(name))}")
            return
        try:
            config = self._folders.launcher(name)
        except (HydraException, OmegaConfBaseException) as error:
            text = f"its config configs/hydra/launcher/{name}.yaml does not compose: {first_line(error)}"
            self._reader.add(f"{key}.{LAUNCHER}", text, "Correct it there")
            return
        for setting, value in settings.items():
            self._check_setting(name, config, setting, value, f"{key}.{setting}")

    def _check_setting(self, launcher: str, config: DictConfig, setting: str, value: Any, key: str) -> None:
        known = [str(name) for name in config if name != _TARGET]
        if setting not in known:
            text = f"the launcher '{launcher}' has no such setting. {did_you_mean(setting, known, most=len(known))}"
            self._reader.add(key, text, "Correct or remove it")
            return
        try:
            for path, leaf in leaves(value, setting):
                OmegaConf.update(config, path, leaf, force_add="." in path)
        except OmegaConfBaseException as error:
            self._reader.add(key, f"the launcher '{launcher}' does not take it: {first_line(error)}", "Correct it")

    @cached_property
    def _folders(self) -> ConfigFolders:
        return ConfigFolders(self._sources)
