"""Tensors to start a model from: those of a run, of a checkpoint folder, or of a safetensors file."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from accelerator.errors import ConfigError, Problem
from accelerator.runs.listing import find_run
from accelerator.runtime.checkpoint.files import MANIFEST, read_model
from accelerator.runtime.checkpoint.keeper import LAST, resolve_alias


def read_weights(source: str, output: Path) -> dict[str, Tensor]:
    """Return the tensors that `weights=…` names.

    Args:
        source: a RUN (its last checkpoint is taken), a checkpoint folder, or a `.safetensors` file.
        output: where run folders lie.

    Raises:
        ConfigError: a file that cannot be read.
        RunNotFoundError: a RUN that there is not.
        CheckpointError: the run has no checkpoint, or a damaged one.
    """
    path = Path(source)
    if path.is_file():
        try:
            tensors: dict[str, Tensor] = load_file(path)
        except SafetensorError as error:
            raise ConfigError(
                Problem("weights", f"{path} is no sound safetensors file: {error}", "Name a run or a safetensors file.")
            ) from error
        return tensors
    if (path / MANIFEST).is_file():
        return read_model(path)
    return read_model(resolve_alias(find_run(source, output).folder.checkpoints, LAST))


def load_weights(model: torch.nn.Module, tensors: Mapping[str, Tensor], *, key: str = "weights") -> None:
    """Copy tensors into a model, all of them and nothing else.

    Raises:
        ConfigError: names or shapes differ; says which.
    """
    # What modules keep besides tensors (`get_extra_state`) is in no file of tensors: it stays as it is.
    extra = {name: item for name, item in model.state_dict().items() if not isinstance(item, Tensor)}
    try:
        model.load_state_dict({**extra, **tensors})
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise ConfigError(
            Problem(
                key, f"they do not fit the model: {' '.join(lines)}", "Choose the model that they were trained with."
            )
        ) from error
