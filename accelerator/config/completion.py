"""The form that every composed config has: all top-level keys there, in one order."""

from omegaconf import DictConfig, OmegaConf, open_dict

from accelerator.config.read import is_mapping, raw
from accelerator.config.schema import NODES, ORDER, TRANSFORM_SPLITS, TRANSFORMS


def complete(config: DictConfig) -> None:
    """Add the keys that a defaults list leaves out when nothing is chosen, so that they can be read and set."""
    with open_dict(config):
        for key in (*NODES, "optimizer", "scheduler"):
            if key not in config:
                config[key] = None
        for key in ("loss", "metric", "callback"):
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
