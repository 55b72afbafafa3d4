"""A model as one safetensors file: its tensors, and in the metadata the config that builds it again. No pickles.

| metadata | holds |
|---|---|
| format | `pt`, as safetensors' own loaders expect |
| accelerator | JSON: `format_version` and the fields of `Header` |
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from accelerator.errors import CheckpointError
from accelerator.runtime.checkpoint.files import without_ties
from accelerator.runtime.checkpoint.tensors_file import save_tensors

FORMAT_VERSION = 1
SUFFIX = ".safetensors"
_KEY = "accelerator"


@dataclass(frozen=True)
class Header:
    """What the metadata tells."""

    config: str
    """YAML with the node `model`."""
    facts: Mapping[str, Any]
    """What the data told the model when it was built."""
    run: str
    step: int
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Of each tied tensor that is not in the file, the name that it is there by."""


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], header: Header) -> None:
    """Write tensors and header; tied tensors once."""
    kept, aliases = without_ties(tensors)
    content = {"format_version": FORMAT_VERSION, **asdict(header), "aliases": aliases}
    save_tensors(
        {name: item.contiguous() for name, item in kept.items()}, path, {"format": "pt", _KEY: json.dumps(content)}
    )


def read_safetensors(path: Path) -> tuple[Header, dict[str, Tensor]]:
    """Return the header and the tensors, on the CPU, tied ones under each of their names.

    Raises:
        CheckpointError: it is no safetensors file, none that was exported here, or of a later format.
    """
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is no sound safetensors file: {error}") from error
    if text is None:
        raise CheckpointError(
            f"{path} holds tensors and no config to build a model from: `accelerator experiment export` writes both. "
            f"To start a model from its tensors, add weights={path} to a training."
        )
    try:
        content = json.loads(text)
        version = content.pop("format_version")
        if version != FORMAT_VERSION:
            raise CheckpointError(
                f"{path} is of format {version}, and this accelerator reads {FORMAT_VERSION}. Update it."
            )
        header = Header(**content)
        return header, tensors | {alias: tensors[name] for alias, name in header.aliases.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} has a damaged header: {error}. Export the model again.") from error
