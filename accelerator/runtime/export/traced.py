"""A model's call as a graph, by `torch.export`: for any batch size where the model allows it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any

import torch
from torch.export import Dim, ExportedProgram

from accelerator.errors import RunFailedError, in_one_line
from accelerator.runtime.export.model_call import ModelCall
from accelerator.runtime.export.tensors import map_tensors

BATCH = "batch"
_WARNS = "torch.fx.experimental.symbolic_shapes"


@dataclass(frozen=True)
class Traced:
    """A graph, and the batch sizes that it takes."""

    program: ExportedProgram
    shapes: Any
    """Of each argument its dynamic dimensions, as `torch.export` takes them; None: the batch size is fixed."""
    fixed_because: str = ""
    """Why the batch size is that of the call; "" where any will do."""

    @property
    def is_dynamic(self) -> bool:
        """Whether the graph takes any batch size."""
        return self.shapes is not None


def trace(call: ModelCall) -> Traced:
    """Return the graph of a call, with the batch's size left open where the model allows that.

    Raises:
        RunFailedError: `torch.export` cannot follow the model; tells its reason.
    """
    shapes = _open_batch(call)
    try:
        # A size of 1 would be taken as a constant of the model.
        return Traced(_export(call.of_samples(max(call.samples, 2)), shapes), shapes)
    except Exception as error:  # the border to a stranger's model: what cannot be left open may yet be fixed
        reason = in_one_line(error)
    try:
        return Traced(_export(call, None), None, reason)
    except Exception as error:
        raise RunFailedError(
            f"torch.export cannot follow {type(call.model).__name__}: {in_one_line(error).rstrip('.')}. Take what "
            f"depends on values out of its forward, or export its weights: --format safetensors."
        ) from error


def _export(call: ModelCall, shapes: Any) -> ExportedProgram:
    zeros = call.without_data()
    with torch.no_grad(), _quiet():
        return torch.export.export(zeros.model, zeros.args, dict(zeros.kwargs), dynamic_shapes=shapes)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the user's terminal the half-made graph that torch prints of a model which it then refuses."""
    logger = logging.getLogger(_WARNS)
    before, logger.disabled = logger.disabled, True
    try:
        with redirect_stderr(StringIO()):
            yield
    finally:
        logger.disabled = before


def _open_batch(call: ModelCall) -> Any:
    dimension = Dim(BATCH)
    return map_tensors(
        call.arguments, lambda tensor: {0: dimension} if call.is_batched(tensor) else None, lambda _other: None
    )
