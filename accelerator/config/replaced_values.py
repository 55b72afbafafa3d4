"""A mapping takes the place of a list, and a list that of a mapping, when files and overrides are merged.

OmegaConf replaces a list by a list, and merges a mapping into a mapping; of one and the other it makes an error
without a key or a file. What came last counts here too: `task: {inputs: {image: input}}` in an experiment.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict


def drop_replaced(configs: Sequence[DictConfig]) -> None:
    """Take out of each config, in place, what a later one replaces by a value of the other kind."""
    for place, later in enumerate(configs):
        for earlier in configs[:place]:
            _drop(earlier, later)


def make_way(config: DictConfig, values: Iterable[tuple[str, Any]]) -> None:
    """Set to null, in place, what overrides (key and value) will replace by a value of the other kind."""
    for key, value in values:
        if isinstance(value, dict | list):
            later = OmegaConf.create({})
            OmegaConf.update(later, key, value)
            _drop(config, later, leave_null=True)


def _drop(earlier: DictConfig, later: DictConfig, *, leave_null: bool = False) -> None:
    for key in list(later):
        ours, theirs = _held(earlier, key), _held(later, key)
        if isinstance(ours, DictConfig) and isinstance(theirs, DictConfig):
            _drop(ours, theirs, leave_null=leave_null)
        elif ours is not None and theirs is not None and type(ours) is not type(theirs):
            with open_dict(earlier):
                del earlier[key]
                if leave_null:
                    earlier[key] = None


def _held(config: DictConfig, key: Any) -> DictConfig | ListConfig | None:
    """Return the mapping or list that stands at a key; None for anything else, an interpolation too."""
    node = config._get_node(key, validate_access=False)
    if not isinstance(node, DictConfig | ListConfig) or node._is_none() or node._is_missing():
        return None
    return None if node._is_interpolation() else node
