"""Telling equal samples from others."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from accelerator.analysis.identity import Fingerprints, Place
from accelerator.runtime.data.sample_values import fingerprint


@pytest.mark.parametrize(
    "other",
    [
        {"input": torch.tensor([1.0, 2.5])},
        {"input": torch.tensor([1.0, 2.0], dtype=torch.float64)},
        {"input": torch.tensor([[1.0, 2.0]])},
        {"image": torch.tensor([1.0, 2.0])},
        {"input": torch.tensor([1.0, 2.0]), "mask": 1},
        {"input": "1.0"},
    ],
    ids=["value", "dtype", "shape", "name", "more", "text"],
)
def test_what_differs_has_another_fingerprint(other: dict[str, object]) -> None:
    assert fingerprint(other) != fingerprint({"input": torch.tensor([1.0, 2.0])})


def test_equal_numbers_count_not_where_they_lie_in_memory() -> None:
    turned = torch.arange(6.0).reshape(2, 3).t()

    assert fingerprint({"input": turned}) == fingerprint({"input": turned.contiguous()})
    assert fingerprint({"input": turned}) == fingerprint({"input": turned.numpy()})


@dataclass
class _Boxes:
    corners: torch.Tensor


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tensor: {"image": tensor},
        lambda tensor: [tensor, "a"],
        lambda tensor: _Boxes(tensor),
        lambda tensor: np.array([tensor.tolist(), None], dtype=object),
        lambda tensor: np.array([f"{value}" for value in tensor.tolist()]),
    ],
    ids=["mapping", "list", "dataclass", "objects", "texts"],
)
def test_what_is_printed_in_short_is_told_apart(wrap: Callable[[torch.Tensor], object]) -> None:
    one = torch.zeros(2000)
    other = one.clone()
    other[1000] = 1.0

    assert fingerprint({"input": wrap(one)}) == fingerprint({"input": wrap(one.clone())})
    assert fingerprint({"input": wrap(one)}) != fingerprint({"input": wrap(other)})


def test_the_order_of_fields_and_what_is_left_out_do_not_count() -> None:
    assert fingerprint({"a": 1, "b": "x"}) == fingerprint({"b": "x", "a": 1})
    assert fingerprint({"a": 1, "target": 3}, leave_out="target") == fingerprint({"a": 1})


@given(st.lists(st.lists(st.integers(0, 5), max_size=8), max_size=4))
def test_groups_are_those_of_a_plain_dictionary(sets: list[list[int]]) -> None:
    known, plain = Fingerprints(), dict[int, list[tuple[str, int]]]()
    for number, values in enumerate(sets):
        for index, value in enumerate(values):
            known.add(fingerprint({"input": np.int64(value)}), fingerprint({"target": 0}))
            plain.setdefault(value, []).append((str(number), index))
        known.end_set(Place("train", str(number)))

    groups = [[(item.place.dataset, item.index) for item in group] for group in known.groups()]

    assert groups == [places for places in plain.values() if len(places) > 1]
