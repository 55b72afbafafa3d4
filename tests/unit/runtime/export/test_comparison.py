"""Outputs of the same model in two forms."""

import math

import pytest
import torch
from torch import Tensor

from accelerator.errors import RunFailedError
from accelerator.runtime.export.comparison import (
    comparable_calls,
    compare_outputs,
    largest_output,
    max_abs_difference,
)
from accelerator.runtime.export.model_call import ModelCall

NAN, INF = math.nan, math.inf


class Twice(torch.nn.Module):
    """Gives its input twice, under names; a single sample is too few for it."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        if len(x) == 1:
            raise ValueError("one is too few")
        return {"once": x, "twice": 2 * x}


CALL = ModelCall(Twice(), (torch.tensor([1.0, -3.0]),), {}, 2)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([NAN, INF], [NAN, INF], 0.0),
        ([NAN, 1.0], [1.0, 1.0], INF),
        ([INF, 1.0], [-INF, 1.0], INF),
        ([1.0, 2.0], [1.0], INF),
        ([], [], 0.0),
    ],
)
def test_the_largest_difference_counts(first: list[float], second: list[float], expected: float) -> None:
    assert max_abs_difference(torch.tensor(first), torch.tensor(second)) == expected


def test_all_outputs_are_compared() -> None:
    assert compare_outputs(lambda x: [x, 2 * x + torch.tensor([0.0, 0.25])], CALL) == 0.25
    assert largest_output(CALL) == 6.0


def test_a_form_that_gives_fewer_outputs_is_refused() -> None:
    with pytest.raises(RunFailedError, match="gives 1 tensors, and the original 2"):
        compare_outputs(lambda x: x, CALL)


def test_a_form_that_does_not_run_is_refused() -> None:
    def broken(x: Tensor) -> Tensor:
        raise ValueError(f"a batch of {len(x)}?\nmore")

    with pytest.raises(RunFailedError, match=r"does not run on a batch of 2: ValueError: a batch of 2\?$"):
        compare_outputs(broken, CALL)


@pytest.mark.parametrize(
    ("model", "is_dynamic", "sizes"), [(Twice(), True, [2]), (torch.nn.ReLU(), True, [2, 1]), (Twice(), False, [2])]
)
def test_a_single_sample_is_compared_too_where_both_take_it(
    model: torch.nn.Module, is_dynamic: bool, sizes: list[int]
) -> None:
    call = ModelCall(model, CALL.args, {}, 2)

    assert [item.samples for item in comparable_calls(call, is_dynamic=is_dynamic)] == sizes
