"""The form that every composed config has: all top-level keys there, in one order."""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from accelerator.config.interval import Interval
from accelerator.config.read import is_mapping, raw
from accelerator.config.schema import FREE, NODES, ORDER, SECTIONS, TRANSFORM_SPLITS, TRANSFORMS, RootConfig


def _as_written(default: Any) -> Any:
    """Return a default of the schema as a file has it."""
    if isinstance(default, Interval):
        return str(default)
    return list(default) if isinstance(default, tuple) else default


_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {item.name: _as_written(item.default) for item in fields(RootConfig)}
    | {key: {item.name: _as_written(item.default) for item in fields(cls)} for key, cls in SECTIONS.items()}
)


def complete(config: DictConfig) -> None:
    """Add the keys that a defaults list, a main config or the command leaves out, so that they can be read and set."""
    with open_dict(config):
        for key, default in _DEFAULTS.items():
            if config._get_node(key) is None:  # one that is ??? is there, and has to be set
                config[key] = default
        for key in (*NODES, "optimizer", "scheduler"):
            if key not in config:
                config[key] = None
        for key in ("loss", "metric", "callback", "parameter_groups", *FREE):
            if key not in config or raw(config, key) is None:
                config[key] = {}
        for key in TRANSFORMS:
            for split in TRANSFORM_SPLITS:
                splits = raw(config, key) if key in config else None
                if splits is None or is_mapping(splits) and (split not in splits or raw(splits, split) is None):
                    OmegaConf.update(config, f"{key}.{split}", {}, force_add=True)


def ordered(config: DictConfig) -> DictConfig:
    """Return the config with its top-level keys in our order, and closed: a new key needs a +."""
    keys = sorted(config, key=lambda key: ORDER.index(key) if key in ORDER else len(ORDER))
    result = OmegaConf.create({})
    for key in keys:
        result[key] = config._get_node(key)
    OmegaConf.set_struct(result, True)
    return result
