"""Splits by name."""

import pytest

from accelerator.errors import ComponentError
from accelerator.runtime.data.splits import DataSplits, as_data_splits


def test_one_data_set_is_the_training_set() -> None:
    assert as_data_splits([1, 2]).train == [1, 2]
    given = DataSplits(train=[1])
    assert as_data_splits(given) is given


def test_a_split_has_no_set_one_or_several_by_name() -> None:
    splits = DataSplits(train=[1], test={"near": [2], "far": [3]})

    assert splits.sets("validation") == {}
    assert splits.sets("train") == {"": [1]}
    assert splits.sets("test") == {"near": [2], "far": [3]}


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ComponentError, match="There is no split 'valid'. Known: train, validation, test."):
        DataSplits(train=[]).sets("valid")
