"""Whether a model in another form computes the same."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from accelerator.errors import RunFailedError, in_one_line
from accelerator.runtime.export.model_call import ModelCall
from accelerator.runtime.export.tensors import tensors_of


def comparable_calls(call: ModelCall, *, is_dynamic: bool) -> list[ModelCall]:
    """Return the calls to compare outputs on: the given one, and one on a single sample where both models take that."""
    if not is_dynamic or call.samples == 1:
        return [call]
    single = call.of_samples(1)
    try:
        single.outputs()
    except Exception:  # the border to a stranger's model: the original does not take one sample either
        return [call]
    return [call, single]


def compare_outputs(called: Callable[..., Any], call: ModelCall) -> float:
    """Return by how much the outputs of another form of a model differ from the original's, at most.

    Args:
        called: what takes the arguments of the call.
        call: the original, and what it is called with.

    Raises:
        RunFailedError: it does not run, or gives another number of tensors.
    """
    try:
        with torch.no_grad():
            came = tensors_of(called(*call.args, **call.kwargs))
    except Exception as error:  # the border to what others run: torch's graph, onnxruntime
        raise RunFailedError(
            f"The exported model does not run on a batch of {call.samples}: {in_one_line(error)}"
        ) from error
    wanted = tensors_of(call.outputs())
    if len(came) != len(wanted):
        raise RunFailedError(f"The exported model gives {len(came)} tensors, and the original {len(wanted)}.")
    return max((max_abs_difference(first, second) for first, second in zip(came, wanted, strict=True)), default=0.0)


def largest_output(call: ModelCall) -> float:
    """Return the largest finite absolute value that the model gives; 0 when there is none."""
    values = [item.detach().to(torch.float64).abs().flatten() for item in tensors_of(call.outputs())]
    return max((float(item[item.isfinite()].max()) for item in values if item.isfinite().any()), default=0.0)


def max_abs_difference(first: Tensor, second: Tensor) -> float:
    """Return the largest absolute difference between two tensors; infinite where one is NaN and the other is not.

    Tensors of different shapes differ by infinity; empty ones do not differ.
    """
    if first.shape != second.shape:
        return math.inf
    if not first.numel():
        return 0.0
    one, two = (item.detach().cpu().to(torch.float64) for item in (first, second))
    is_same = (one == two) | (one.isnan() & two.isnan())
    difference = (one - two).abs().nan_to_num(nan=math.inf, posinf=math.inf)
    return float(torch.where(is_same, torch.zeros_like(difference), difference).max())
