"""One batch again and again."""

import pytest

from accelerator.domain.cross.one_batch import OneBatch
from accelerator.errors import ComponentError


def test_every_batch_of_every_epoch_is_the_same() -> None:
    sampler = OneBatch(size=4, steps=3)
    batches = [*sampler.order(0, seed=1, length=100), *sampler.order(1, seed=1, length=100)]

    assert len(batches) == 6
    assert {tuple(batch) for batch in batches} == {tuple(batches[0])}
    assert len(set(batches[0])) == 4


def test_another_seed_draws_another_batch() -> None:
    sampler = OneBatch(size=4, steps=1)

    assert sampler.order(0, seed=1, length=100) != sampler.order(0, seed=2, length=100)


def test_data_that_has_fewer_samples_gives_them_all() -> None:
    (batch,) = OneBatch(size=64, steps=1).order(0, seed=0, length=3)

    assert sorted(batch) == [0, 1, 2]


@pytest.mark.parametrize("name", ["size", "steps"])
def test_less_than_one_is_refused(name: str) -> None:
    with pytest.raises(ComponentError, match=f"one_batch.{name} = 0: must be at least 1"):
        OneBatch(**{name: 0})
