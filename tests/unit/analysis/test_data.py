"""What is found in data: nothing in a clean set, and every planted defect."""

import copy
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from accelerator.analysis.data import MOST_EXAMPLES, analyze
from accelerator.domain.cv.digits import digits
from accelerator.errors import RunFailedError
from accelerator.runtime.data.splits import DataSplits

FIELDS = ("input", "target")


def clean() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    return {
        split: (torch.rand(size, 3, 4, 4, generator=generator), torch.arange(size) % 3)
        for split, size in (("train", 30), ("validation", 9), ("test", 12))
    }


def splits(tensors: dict[str, tuple[torch.Tensor, torch.Tensor]]) -> DataSplits:
    return DataSplits(**{name: TensorDataset(*pair) for name, pair in tensors.items()}, fields=FIELDS)


def found(data: DataSplits) -> dict[str, Any]:
    return analyze(data).to_json()


@pytest.mark.parametrize("data", [splits(clean()), digits()], ids=["generated", "digits"])
def test_a_clean_set_has_no_defect(data: DataSplits) -> None:
    analysis = analyze(data)

    assert analysis.is_clean
    assert {kind: item.count for kind, item in analysis.defects.items()} == dict.fromkeys(
        ("leaks", "duplicates", "label_conflicts", "non_finite", "missing"), 0
    )


def test_sizes_and_classes_are_counted_by_split() -> None:
    analysis = found(splits(clean()))

    assert analysis["samples"]["count"] == 51
    assert [(item["split"], item["samples"], item["classes"]) for item in analysis["sets"]] == [
        ("train", 30, {"0": 10, "1": 10, "2": 10}),
        ("validation", 9, {"0": 3, "1": 3, "2": 3}),
        ("test", 12, {"0": 4, "1": 4, "2": 4}),
    ]


def test_mean_and_spread_of_each_channel_are_those_of_numpy() -> None:
    tensors = clean()

    known = found(splits(tensors))["sets"][0]["fields"]["input"]

    pictures = tensors["train"][0].double().numpy()
    np.testing.assert_allclose(known["mean"], pictures.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(known["std"], pictures.std(axis=(0, 2, 3)), rtol=1e-12)
    assert (known["minimum"], known["maximum"]) == (pictures.min(), pictures.max())
    assert known["shapes"] == {"3×4×4": 30}


def test_a_sample_that_stands_twice_in_its_set_is_a_duplicate() -> None:
    tensors = clean()
    tensors["train"][0][7] = tensors["train"][0][1]
    tensors["train"][1][7] = tensors["train"][1][1]

    analysis = found(splits(tensors))

    example = {"first": {"split": "train", "index": 1}, "again": {"split": "train", "index": 7}}
    assert analysis["duplicates"] == {"count": 1, "examples": [example]}
    assert analysis["leaks"]["count"] == analysis["label_conflicts"]["count"] == 0


def test_a_sample_of_training_in_the_test_set_is_a_leak() -> None:
    tensors = clean()
    tensors["test"][0][2] = tensors["train"][0][2]
    tensors["test"][0][5] = tensors["validation"][0][5]

    analysis = found(splits(tensors))

    assert analysis["leaks"] == {
        "count": 2,
        "examples": [
            {"first": {"split": "train", "index": 2}, "again": {"split": "test", "index": 2}},
            {"first": {"split": "validation", "index": 5}, "again": {"split": "test", "index": 5}},
        ],
    }
    assert analysis["duplicates"]["count"] == analysis["label_conflicts"]["count"] == 0


def test_the_same_sample_with_another_target_is_a_conflict() -> None:
    tensors = clean()
    tensors["train"][0][7] = tensors["train"][0][0]  # targets 1 and 0

    analysis = found(splits(tensors))

    assert (analysis["label_conflicts"]["count"], analysis["duplicates"]["count"]) == (1, 1)


def test_samples_with_numbers_that_are_not_finite_are_named() -> None:
    tensors = clean()
    tensors["train"][0][3, 0, 0, 0] = float("nan")
    tensors["test"][0][4, 2, 1, 1] = float("inf")

    analysis = found(splits(tensors))

    assert analysis["non_finite"] == {
        "count": 2,
        "examples": [
            {"split": "train", "index": 3, "fields": ["input"]},
            {"split": "test", "index": 4, "fields": ["input"]},
        ],
    }
    assert np.isfinite(analysis["sets"][0]["fields"]["input"]["mean"]).all()


def test_fields_that_some_samples_lack_are_named() -> None:
    samples = [{"input": 1.0, "note": "a"}, {"input": 2.0}, {"input": 3.0, "note": None}]

    analysis = found(DataSplits(train=samples))

    assert analysis["missing"] == {
        "count": 2,
        "examples": [
            {"split": "train", "index": 1, "fields": ["note"]},
            {"split": "train", "index": 2, "fields": ["note"]},
        ],
    }
    assert analysis["sets"][0]["fields"]["note"]["dtypes"] == {"str": 1}


def test_only_the_first_examples_are_kept() -> None:
    same = [{"input": 1.0, "target": 0}] * 30

    analysis = found(DataSplits(train=same))

    assert analysis["duplicates"]["count"] == 29
    assert len(analysis["duplicates"]["examples"]) == MOST_EXAMPLES


def test_sets_of_a_split_are_told_apart() -> None:
    day, night = ([{"input": float(value)} for value in values] for values in ((1, 2), (2, 3)))

    analysis = found(DataSplits(train=[{"input": 9.0}], validation={"day": day, "night": night}))

    assert [item.get("dataset") for item in analysis["sets"]] == [None, "day", "night"]
    assert analysis["duplicates"]["count"] == analysis["leaks"]["count"] == 0  # the same split, another set


def test_an_iterable_is_read_once_in_order() -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter([(torch.tensor(1.0), 0), (torch.tensor(float("nan")), 1)])

    analysis = found(DataSplits(train=Stream(), fields=FIELDS))

    assert analysis["samples"]["count"] == 2
    assert analysis["non_finite"]["examples"] == [{"split": "train", "index": 1, "fields": ["input"]}]


def test_a_continuous_target_has_no_classes() -> None:
    data = DataSplits(train=TensorDataset(torch.rand(4, 2), torch.rand(4)), fields=FIELDS)

    assert found(data)["sets"][0]["classes"] is None


def test_the_data_and_the_generators_are_left_as_they_were() -> None:
    tensors = clean()
    before, state = copy.deepcopy(tensors), torch.get_rng_state()

    analyze(splits(tensors))

    assert all(torch.equal(tensors[name][0], before[name][0]) for name in tensors)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_sample_that_leaks_twice_is_counted_twice() -> None:
    same = {"input": torch.tensor([1.0, 2.0]), "target": 0}

    analysis = found(DataSplits(train=[same], test=[same, same]))

    places = [(item["first"], item["again"]["index"]) for item in analysis["leaks"]["examples"]]
    assert places == [({"split": "train", "index": 0}, 0), ({"split": "train", "index": 0}, 1)]
    example = {"first": {"split": "test", "index": 0}, "again": {"split": "test", "index": 1}}
    assert analysis["duplicates"] == {"count": 1, "examples": [example]}


def test_a_sample_without_a_target_conflicts_with_none() -> None:
    value = {"input": torch.tensor([1.0])}
    unlabelled = [value, value | {"target": None}]

    analysis = found(DataSplits(train=unlabelled, test=[value | {"target": 1}, value | {"target": 0}]))

    example = {"first": {"split": "test", "index": 0}, "again": {"split": "test", "index": 1}}
    assert analysis["label_conflicts"] == {"count": 1, "examples": [example]}


def test_a_class_is_the_same_whatever_its_dtype() -> None:
    samples = [{"input": 1.0, "target": target} for target in (3, np.int32(3), torch.tensor([3], dtype=torch.uint8))]

    assert found(DataSplits(train=samples))["label_conflicts"]["count"] == 0


def test_samples_before_the_first_one_with_a_field_lack_it_too() -> None:
    samples = [{"input": 1.0}, {"input": 2.0}, {"input": 3.0, "note": "a"}, {"input": 4.0}]

    missing = found(DataSplits(train=samples))["missing"]

    assert missing["count"] == 3
    assert [item["index"] for item in missing["examples"]] == [0, 1, 3]


def test_a_sample_that_lacks_two_fields_is_counted_once() -> None:
    samples = [{"input": 1.0}] * 25 + [{"input": 2.0, "a": 1}, {"input": 3.0, "a": 1, "b": 1}]

    missing = found(DataSplits(train=samples))["missing"]

    assert missing["count"] == 26
    assert missing["examples"][0] == {"split": "train", "index": 0, "fields": ["a"]}


def test_fields_of_a_mapping_are_looked_into() -> None:
    samples = [{"meta": {"size": torch.ones(2)}}, {"meta": {"size": torch.tensor([1.0, float("nan")])}}, {"meta": {}}]

    analysis = found(DataSplits(train=samples))

    assert analysis["non_finite"]["examples"] == [{"split": "train", "index": 1, "fields": ["meta.size"]}]
    assert analysis["sets"][0]["fields"]["meta.size"]["shapes"] == {"2": 2}
    assert analysis["missing"]["examples"] == [{"split": "train", "index": 2, "fields": ["meta.size"]}]


class _Captions(IterableDataset[dict[str, Any]]):
    """Two thousand pictures, each with a long text of its own."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(2000):
            yield {"input": np.array([number]), "target": f"{number} " * 2500}


def test_texts_that_are_no_classes_are_not_kept() -> None:
    tracemalloc.start()
    try:
        analysis = analyze(DataSplits(train=_Captions()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert analysis.sets[0].classes is None
    assert peak < 17e6  # all texts have 24 MB


class _Broken(Dataset[dict[str, int]]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> dict[str, int]:
        if index == 2:
            raise ValueError("no picture: 2.jpg")
        return {"input": index}


def test_a_sample_that_cannot_be_read_is_named() -> None:
    with pytest.raises(RunFailedError, match=r"^Sample 2 of test small cannot be read: ValueError: no picture: 2.jpg"):
        analyze(DataSplits(train=[{"input": 7}], test={"small": _Broken()}))
