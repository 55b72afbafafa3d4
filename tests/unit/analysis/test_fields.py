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
        (torch.tensor([1.0], dtype=torch.float8_e5m2), "float32"),
        (torch.eye(2).to_sparse(), "float32"),
        (torch.tensor([1j]).conj(), "complex64"),
        (np.uint8(3), "uint8"),
        (True, "bool"),
        (2.5, "float64"),
        (Image.new("RGB", (3, 2)), "uint8"),
    ],
    ids=["bfloat16", "float8", "sparse", "conjugated", "numpy", "bool", "float", "pillow"],
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


@pytest.mark.parametrize("layout", [(3, 5, 4), (5, 4, 3)], ids=["channels first", "channels last"])
def test_each_channel_of_a_picture_has_its_own_mean(layout: tuple[int, ...]) -> None:
    axis = layout.index(3)
    picture = np.moveaxis(np.arange(60.0).reshape(3, 5, 4), 0, axis)
    statistics = FieldStatistics()
    statistics.add(picture)

    assert statistics.to_json()["mean"] == [9.5, 29.5, 49.5]


def test_a_channel_without_finite_numbers_keeps_its_place() -> None:
    picture = np.stack([np.full((4, 4), value) for value in (1.0, np.nan, 3.0)])
    statistics = FieldStatistics()

    assert statistics.add(picture)
    assert statistics.to_json()["mean"] == [1.0, None, 3.0]
    assert statistics.to_json()["std"] == [0.0, None, 0.0]


@pytest.mark.parametrize(
    "value", [[np.ones(2), np.array([np.nan])], [{"a": np.inf}], [1.0, float("nan")], torch.tensor([complex("nan")])]
)
def test_what_is_not_finite_is_seen_inside_lists_and_complex_numbers(value: Any) -> None:
    assert FieldStatistics().add(value)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (torch.ones(1, dtype=torch.bfloat16), "bfloat16"),
        ([1, 2], "int64"),
        ([2**70], "list"),
        (["a"], "list"),
        ([], "list"),
    ],
)
def test_a_field_has_the_dtype_that_its_values_have(value: Any, dtype: str) -> None:
    statistics = FieldStatistics()

    assert not statistics.add(value)
    assert statistics.to_json()["dtypes"] == {dtype: 1}
