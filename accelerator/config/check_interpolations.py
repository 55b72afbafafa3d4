"""Whether every interpolation of a config can be resolved, and every value that must be set is."""

from typing import Any

from omegaconf import DictConfig, ListConfig
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.read import Reader, is_mapping, join
from accelerator.config.saved_interpolations import TOTAL_STEPS


def check_interpolations(node: Any, reader: Reader, key: str = "") -> None:
    """Resolve every interpolation once, so that all that fail are known before anything starts."""
    children = list(node) if is_mapping(node) else range(len(node)) if isinstance(node, ListConfig) else ()
    for name in children:
        path = join(key, str(name)) if is_mapping(node) else f"{key}[{name}]"
        child = node._get_node(name)
        if child is not None and child._is_missing():
            reader.add(path, "must be set", f"Add {path}=… to the command, or set it in the file", value="???")
        elif child is None or not child._is_interpolation():
            check_interpolations(child, reader, path)
        elif TOTAL_STEPS not in str(child._value()):
            _resolve(node, name, path, reader)


def _resolve(node: DictConfig | ListConfig, name: Any, key: str, reader: Reader) -> None:
    try:
        node[name]
    except OmegaConfBaseException as error:
        reader.add_unresolved(key, node, name, error)
