"""ONNX files: written by torch's exporter, read and run by onnxruntime (the extra `onnx`)."""

import importlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from accelerator.errors import RunFailedError
from accelerator.runtime.export.tensors import map_tensors, tensors_of
from accelerator.runtime.export.traced import BATCH, Traced

_MOST_BYTES = 2**31 - 2**20
"""Above it protobuf wants the weights in a second file."""


def write_onnx(traced: Traced, path: Path, output_names: Sequence[str]) -> None:
    """Write a graph as ONNX, and check the file.

    Raises:
        RunFailedError: an operation has no counterpart in ONNX, or the model has 2 GB or more.
    """
    if _size_bytes(traced.program) > _MOST_BYTES:
        raise RunFailedError("The model has 2 GB or more, too much for one ONNX file. Use --format torch_export.")
    names = map_tensors(traced.shapes, lambda tensor: tensor, lambda item: BATCH if item is not None else None)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "# The axis name: batch", UserWarning)  # told for each further input
            program = torch.onnx.export(
                traced.program, dynamo=True, verbose=False, dynamic_shapes=names, output_names=list(output_names)
            )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise RunFailedError(
            f"torch's ONNX exporter refuses the model: {reason}. Use --format torch_export."
        ) from error
    assert program is not None
    program.save(path, external_data=False)
    _library("onnx").checker.check_model(str(path), full_check=True)


def open_onnx(path: Path) -> Callable[..., list[Tensor]]:
    """Return what calls an ONNX file with the tensors among its arguments, in order, on the CPU."""
    runtime = _library("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]

    def call(*args: Any, **kwargs: Any) -> list[Tensor]:
        arrays = [tensor.numpy() for tensor in tensors_of((args, kwargs))]
        return [torch.from_numpy(item) for item in session.run(None, dict(zip(names, arrays, strict=True)))]

    return call


def _size_bytes(program: ExportedProgram) -> int:
    """Return what the tensors of a graph take: those of its state, and those it holds as constants."""
    tensors = [*program.state_dict.values(), *program.constants.values()]
    return sum(item.numel() * item.element_size() for item in tensors if isinstance(item, Tensor))


def _library(name: str) -> Any:
    """Import a library of the extra; `experiment/export.py` has seen that it is there."""
    return importlib.import_module(name)
