"""Statistics of a field."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from accelerator.analysis.fields import FieldStatistics, Moments
from accelerator.runtime.data.sample_values import as_array

NUMBERS = st.floats(-1e3, 1e3, width=32)


@given(st.lists(arrays(np.float64, st.integers(0, 6), elements=NUMBERS), max_size=6))
def test_moments_of_blocks_are_those_of_all_numbers(blocks: list[Any]) -> None:
    moments = Moments()
    for block in blocks:
        moments.add(block)

    everything = np.concatenate([*blocks, np.zeros(0)])
    assert moments.count == everything.size
    if everything.size:
        np.testing.assert_allclose((moments.mean, moments.std), (everything.mean(), everything.std()), atol=1e-7)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (torch.tensor([1.0], dtype=torch.bfloat16), "float32"),
        (np.uint8(3), "uint8"),
        (True, "bool"),
        (2.5, "float64"),
        (Image.new("RGB", (3, 2)), "uint8"),
    ],
    ids=["bfloat16", "numpy", "bool", "float", "pillow"],
)
def test_numbers_become_arrays(value: Any, dtype: str) -> None:
    array = as_array(value)

    assert array is not None and str(array.dtype) == dtype


@pytest.mark.parametrize("value", ["text", b"bytes", None, np.array(["a"]), [1, 2]])
def test_what_is_no_number_becomes_none(value: Any) -> None:
    assert as_array(value) is None


def test_shapes_beyond_the_first_twenty_are_counted_together() -> None:
    statistics = FieldStatistics()
    for length in range(25):
        statistics.add(np.zeros(length))

    shapes = statistics.to_json()["shapes"]
    assert len(shapes) == 21 and shapes["other"] == 5
