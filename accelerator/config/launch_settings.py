"""The `launch` settings of a pipeline's step: those of its training, and those of one of Hydra's launchers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from accelerator.config.groups import configs_of
from accelerator.config.project import ConfigSource
from accelerator.config.schema import LaunchConfig
from accelerator.leaves import leaves

LAUNCHER = "launcher"
OF_TRAINING = tuple(item.name for item in fields(LaunchConfig))
"""What an experiment's own `launch` has."""


def named_settings(launch: Any, sources: Sequence[ConfigSource]) -> Any:
    """Return the settings that a step's `launch` means: those of a config of the group `launch` where it names one."""
    if not isinstance(launch, str):
        return launch
    return next((item.content for item in configs_of("launch", sources) if item.name == launch), launch)


def training_overrides(launch: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the overrides that set an experiment's own `launch`.

    Example:
        >>> training_overrides({"processes": 2, "launcher": "submitit_local", "timeout_min": 5})
        ('launch.processes=2',)
    """
    return tuple(f"launch.{key}={json.dumps(launch[key])}" for key in OF_TRAINING if key in launch)


def launcher_overrides(launch: Mapping[str, Any]) -> tuple[str, ...]:
    """Return Hydra's overrides that choose and set a launcher.

    Example:
        >>> launcher_overrides({"processes": 1, "launcher": "submitit_local", "timeout_min": 5})
        ('hydra/launcher=submitit_local', 'hydra.launcher.timeout_min=5')
    """
    settings = {name: value for name, value in launch.items() if name not in (LAUNCHER, *OF_TRAINING)}
    found = [f"hydra/launcher={launch[LAUNCHER]}"]
    for path, value in leaves(settings):
        sign = "+" if "." in path else ""
        found += [f"{sign}hydra.launcher.{path}={json.dumps(value)}"]
    return tuple(found)
