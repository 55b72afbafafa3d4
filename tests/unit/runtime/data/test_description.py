"""What is told of data: its size, its fields, and a digest of its content, the same in every process."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset, Subset, TensorDataset

from accelerator.runs.datasets import DatasetFacts, Field
from accelerator.runtime.data.description import describe_data
from accelerator.runtime.data.splits import SPLITS, DataSplits

PIXELS = torch.arange(80, dtype=torch.float32).view(10, 1, 2, 4)
LABELS = torch.arange(10)


def described(dataset: Any, **values: Any) -> DatasetFacts:
    (found,) = describe_data(DataSplits(train=dataset, **values), ("train",))
    return found


def digest_with(pixels: torch.Tensor) -> str | None:
    return described(TensorDataset(pixels, LABELS)).digest


class Words:
    """Reads what is no tensor, with an object whose representation is another in each process, and draws."""

    def __init__(self, word: str = "a") -> None:
        self.word = word
        self.read: list[int] = []

    def __len__(self) -> int:
        return 100

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.read.append(index)
        noise = [random.random(), float(np.random.rand()), torch.rand(2)]
        return {"text": f"{self.word}{index}", "image": np.zeros((2, 3), "uint8"), "noise": noise, "extra": object()}


def test_tensors_are_told_with_size_fields_and_all_of_their_content() -> None:
    found = described(TensorDataset(PIXELS, LABELS))
    changed = PIXELS.clone()
    changed[7, 0, 1, 2] += 1

    assert (found.split, found.dataset, found.size, found.samples_read) == ("train", "", 10, 10)
    assert found.fields == [Field("input", "float32", [1, 2, 4]), Field("target", "int64", [])]
    assert digest_with(PIXELS) == found.digest != digest_with(changed)
    assert found.digest is not None and len(found.digest) == 32


def test_rows_of_a_subset_alone_count() -> None:
    part = described(Subset(TensorDataset(PIXELS, LABELS), [0, 1, 2]))

    assert part.size == 3
    assert part.digest == described(TensorDataset(PIXELS[:3], LABELS[:3])).digest


def test_of_many_tensors_rows_at_even_distances_are_hashed() -> None:
    large = torch.zeros(50_000, 100)
    found = described(TensorDataset(large, torch.zeros(50_000)))

    assert found.samples_read == (4 << 20) // 404


def test_of_other_data_four_samples_are_read_whatever_it_draws() -> None:
    words = Words()
    before = torch.get_rng_state()
    found = described(words)

    assert words.read == [0, 33, 66, 99]
    assert torch.equal(torch.get_rng_state(), before)
    assert found.fields == [
        Field("text", "str", None),
        Field("image", "uint8", [2, 3]),
        Field("noise", "list", None),
        Field("extra", "object", None),
    ]
    assert found.digest == described(Words()).digest != described(Words("b")).digest


def test_streams_and_empty_sets_have_no_digest() -> None:
    class Stream(IterableDataset[int]):
        def __iter__(self) -> Iterator[int]:
            raise AssertionError("a stream is not read for it")

    assert described(Stream()) == DatasetFacts("train", "", None, [], None, 0)
    assert described([]) == DatasetFacts("train", "", 0, [], None, 0)


def test_each_set_of_a_split_is_told() -> None:
    data = DataSplits(train=None, validation={"easy": [1.0], "hard": [2.0]}, test=[3.0])

    assert [(item.split, item.dataset) for item in describe_data(data, SPLITS)] == [
        ("validation", "easy"),
        ("validation", "hard"),
        ("test", ""),
    ]
