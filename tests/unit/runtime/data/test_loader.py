"""Batches of an epoch: which samples, in which order, by which way, and that the way makes no difference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Subset, TensorDataset

from accelerator.domain.cross.one_batch import OneBatch
from accelerator.errors import ComponentError, ConfigError
from accelerator.runtime.data.fetch import Fetcher
from accelerator.runtime.data.loader import Loader, Source
from accelerator.runtime.data.plan import Shape, ShuffleSampler
from accelerator.runtime.data.transforms import named_transforms
from tests.unit.runtime.data.sets import (
    ManyNumbers,
    NoisyNumbers,
    NumberBatches,
    Numbers,
    ShuffledStream,
    SizedStream,
    Stream,
)


def load(dataset: Any, shape: Shape = Shape(4, 4), *, sampler: Any = None, workers: int = 0, **options: Any) -> Loader:
    samples = named_transforms(options.pop("sample_transforms", {}))
    transforms = named_transforms(options.pop("transforms", {}))
    fetcher = Fetcher(dataset, sample_transforms=samples, **options)
    return Loader(Source(fetcher, transforms, dict, workers=workers), shape, sampler)


def targets(loader: Loader, epoch: int = 0, first_step: int = 0) -> list[list[int]]:
    return [batch["target"].tolist() for batch, _ in loader.epoch(epoch, first_step)]


def tensors(length: int = 10) -> TensorDataset:
    return TensorDataset(torch.arange(length, dtype=torch.float32).unsqueeze(1), torch.arange(length))


@pytest.mark.parametrize(
    ("dataset", "way"),
    [
        (Numbers(), "process"),
        (ManyNumbers(), "process"),
        (NumberBatches(), "process"),
        (tensors(), "memory"),
        (Stream(), "iterable"),
        (SizedStream(), "iterable"),
    ],
    ids=["map", "getitems", "collated", "tensors", "iterable", "sized iterable"],
)
def test_every_make_of_data_gives_the_same_batches(dataset: Any, way: str) -> None:
    loader = load(dataset)

    batches = [batch for batch, _ in loader.epoch(0)]

    assert loader.way == way
    assert [batch["target"].tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert torch.equal(batches[1]["input"], torch.tensor([[4.0], [5.0], [6.0], [7.0]]))


@pytest.mark.parametrize("make", [lambda data: data, lambda data: Subset(data, [9, 1, 4, -2, 0, 3, 3]), None])
def test_tensors_in_memory_equal_the_general_path(make: Any) -> None:
    def nested(data: Any) -> Any:
        return Subset(Subset(data, [5, 3, 9, 1, 0, 2, 7]), range(6, 0, -1))

    shape = Shape(6, 2, drop_last=False)
    memory = load((make or nested)(tensors()), shape, sampler=ShuffleSampler())
    general = load((make or nested)(Numbers()), shape, sampler=ShuffleSampler())

    for epoch in range(2):
        for (ours, ours_end), (theirs, theirs_end) in zip(memory.epoch(epoch), general.epoch(epoch), strict=True):
            assert torch.equal(ours["input"], theirs["input"])
            assert torch.equal(ours["target"], theirs["target"])
            assert ours_end == theirs_end
    assert memory.way == "memory" and general.way == "process"


@pytest.mark.parametrize("dataset", [Numbers(23), tensors(23), Stream(23)], ids=["process", "memory", "iterable"])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("micro", [2, 6])
def test_the_rest_of_an_epoch_is_the_end_of_the_whole(dataset: Any, drop_last: bool, micro: int) -> None:
    shuffled = None if isinstance(dataset, Stream) else ShuffleSampler()
    loader = load(dataset, Shape(6, micro, drop_last), sampler=shuffled)
    whole = _steps(loader, 0)

    assert sum(len(step) for step in whole) == (18 if drop_last else 23)
    assert all(len(step) == 6 for step in whole[:3])
    for first in range(len(whole) + 1):
        assert _steps(loader, first) == whole[first:]


def _steps(loader: Loader, first: int) -> list[list[int]]:
    steps: list[list[int]] = [[]]
    for batch, ends_step in loader.epoch(1, first):
        steps[-1] += batch["target"].tolist()
        if ends_step:
            steps.append([])
    assert steps[-1] == []  # every step is ended
    return steps[:-1]


def test_a_shuffled_epoch_holds_every_sample_once_and_differs_from_the_next() -> None:
    loader = load(tensors(50), sampler=ShuffleSampler())
    first, second = (sum(targets(loader, epoch), []) for epoch in (0, 1))

    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert first != list(range(50))
    assert first == sum(targets(load(tensors(50), sampler=ShuffleSampler())), [])


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_change_nothing(workers: int) -> None:
    loader = load(
        NoisyNumbers(11),
        Shape(4, 2),
        sampler=ShuffleSampler(),
        workers=workers,
        sample_transforms={"noise": _add_noise},
    )
    alone = load(NoisyNumbers(11), Shape(4, 2), sampler=ShuffleSampler(), sample_transforms={"noise": _add_noise})

    for epoch, first in ((0, 0), (1, 1), (2, 0)):
        for (batch, ends), (expected, expected_ends) in zip(
            loader.epoch(epoch, first), alone.epoch(epoch, first), strict=True
        ):
            assert torch.equal(batch["input"], expected["input"])
            assert ends == expected_ends
    loader.close()


def _add_noise(sample: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    return {**sample, "input": sample["input"] + rng.random()}


def test_workers_are_ended_also_while_an_error_is_held() -> None:
    import multiprocessing

    loader = load(Broken(), workers=2)
    with pytest.raises(ValueError, match="sample 3 is broken") as caught:
        list(loader.epoch(0))
    loader.close()

    assert caught.tb is not None
    assert multiprocessing.active_children() == []


class Broken(Numbers):
    def __getitem__(self, index: int) -> Any:
        if index == 3:
            raise ValueError("sample 3 is broken")
        return super().__getitem__(index)


def test_the_first_batch_is_fetched_without_waking_the_workers() -> None:
    loader = load(Numbers(), workers=2)
    first = loader.first_batch()

    assert first is not None and first["target"].tolist() == [0, 1, 2, 3]
    assert targets(loader)[0] == [0, 1, 2, 3]
    loader.close()


def test_data_without_a_sample_has_no_first_batch() -> None:
    assert load(Numbers(0)).first_batch() is None
    assert load(Stream(0)).first_batch() is None


class Backwards:
    def order(self, epoch: int, seed: int, length: int) -> Sequence[int]:
        return list(range(length - 1, -1, -1))


class Batches:
    """Batches of very different sizes, one larger than `batch_size`."""

    def __init__(self, make: Any = list) -> None:
        self._make = make

    def order(self, epoch: int, seed: int, length: int) -> Sequence[Sequence[int]]:
        return [self._make([0, 1, 2, 3, 4, 5, 6]), self._make([7]), self._make([8, 9])]


@pytest.mark.parametrize("dataset", [Numbers(), tensors()], ids=["process", "memory"])
def test_a_sampler_of_indices_chooses_the_order(dataset: Any) -> None:
    assert targets(load(dataset, sampler=Backwards())) == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]


@pytest.mark.parametrize("make", [list, torch.tensor, np.array])
@pytest.mark.parametrize("dataset", [Numbers(), tensors()], ids=["process", "memory"])
def test_each_batch_of_a_sampler_of_batches_is_one_step(dataset: Any, make: Any) -> None:
    loader = load(dataset, sampler=Batches(make))

    assert targets(loader) == [[0, 1, 2, 3, 4, 5, 6], [7], [8, 9]]
    assert targets(loader, first_step=1) == [[7], [8, 9]]
    assert loader.num_steps() == 3


def test_a_batch_of_a_sampler_is_cut_when_micro_batches_are_asked_for() -> None:
    loader = load(Numbers(), Shape(4, 2), sampler=Batches())

    assert [(batch["target"].tolist(), ends) for batch, ends in loader.epoch(0)][:4] == [
        ([0, 1], False),
        ([2, 3], False),
        ([4, 5], False),
        ([6], True),
    ]


def test_a_sampler_for_data_without_a_length_is_refused() -> None:
    with pytest.raises(ConfigError, match="sampler: Stream has no length, so it has no order to choose. Remove it."):
        load(Stream(), sampler=Backwards())


@pytest.mark.parametrize("size", [4, 64])
def test_one_batch_of_an_iterable_is_made_of_its_first_samples(size: int) -> None:
    torch.manual_seed(1)
    loader = load(ShuffledStream(), sampler=OneBatch(size=size, steps=3))
    torch.manual_seed(2)
    whole = targets(load(ShuffledStream()))

    found = targets(loader)

    assert found == [found[0]] * 3 == targets(loader, epoch=1)
    assert sorted(found[0]) == sorted(sum(whole, [])[:size])
    assert loader.num_steps() == 3


def test_an_iterable_that_shuffles_before_its_first_sample_gives_the_same_order_again() -> None:
    loader = load(ShuffledStream())
    torch.manual_seed(1)
    first = targets(loader)
    torch.manual_seed(2)

    assert targets(loader) == first
    assert targets(loader, first_step=1) == first[1:]


def test_a_step_that_an_iterable_does_not_fill_is_dropped_whole() -> None:
    loader = load(Stream(11), Shape(4, 2, drop_last=True))

    assert [(batch["target"].tolist(), ends) for batch, ends in loader.epoch(0)] == [
        ([0, 1], False),
        ([2, 3], True),
        ([4, 5], False),
        ([6, 7], True),
    ]


def test_batches_have_the_fields_that_the_data_names() -> None:
    loader = load(Numbers(), fields=("image", "label"))

    assert list(next(loader.epoch(0))[0]) == ["image", "label"]


@pytest.mark.parametrize("dataset", [Numbers(), tensors()], ids=["process", "memory"])
def test_fields_that_do_not_fit_the_samples_are_explained(dataset: Any) -> None:
    with pytest.raises(
        ComponentError, match=r"gives 2 values a sample, and `fields` names 3 \(a, b, c\). Give DataSpl"
    ):
        list(load(dataset, fields=("a", "b", "c")).epoch(0))


def test_a_collate_makes_the_batch() -> None:
    loader = load(Numbers(), collate=lambda samples: {"sum": torch.stack([item[0] for item in samples]).sum()})

    assert [batch["sum"].item() for batch, _ in loader.epoch(0)] == [6.0, 22.0, 17.0]


def test_a_collate_may_give_a_tuple_named_by_fields() -> None:
    loader = load(Numbers(), collate=lambda samples: (len(samples), [item[1] for item in samples]), fields=("n", "all"))

    assert next(loader.epoch(0))[0] == {"n": 4, "all": [0, 1, 2, 3]}


def test_what_works_on_samples_gets_them_one_by_one_from_data_that_gives_whole_batches() -> None:
    doubled = load(
        NumberBatches(), sample_transforms={"double": lambda sample: {**sample, "target": 2 * sample["target"]}}
    )
    collated = load(NumberBatches(), collate=lambda samples: {"target": torch.tensor([len(samples)])})

    assert targets(doubled) == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18]]
    assert targets(collated) == [[4], [4], [2]]


def _draw(batch: dict[str, Any], rng: Any) -> dict[str, Any]:
    return {**batch, "drawn": rng.random()}


def _draw_globally(sample: dict[str, Any]) -> dict[str, Any]:
    return {**sample, "drawn": torch.rand(())}


@pytest.mark.parametrize("kind", ["transforms", "sample_transforms"])
@pytest.mark.parametrize("dataset", [Numbers(12), Stream(12), tensors(12)], ids=["process", "iterable", "memory"])
def test_what_a_sample_draws_does_not_depend_on_micro_batches(kind: str, dataset: Any) -> None:
    drawn = [
        torch.cat([batch["drawn"] for batch, _ in load(dataset, Shape(6, micro), **{kind: {"a": _draw}}).epoch(1)])
        for micro in (1, 2, 6)
    ]

    assert torch.equal(drawn[0], drawn[1]) and torch.equal(drawn[0], drawn[2])
    assert len(set(drawn[0].tolist())) == 12


def test_a_sample_transform_without_rng_draws_for_its_sample_too() -> None:
    drawn = [
        torch.cat(
            [b["drawn"] for b, _ in load(Numbers(12), Shape(6, m), sample_transforms={"a": _draw_globally}).epoch(1)]
        )
        for m in (2, 3)
    ]

    assert torch.equal(drawn[0], drawn[1])
    assert len(set(drawn[0].tolist())) == 12


def test_two_transforms_of_a_batch_draw_differently() -> None:
    def again(batch: dict[str, Any], rng: Any) -> dict[str, Any]:
        return {**batch, "again": rng.random()}

    batch, _ = next(load(Numbers(), transforms={"a": _draw, "b": again}).epoch(0))

    assert not torch.equal(batch["drawn"], batch["again"])


def test_global_generators_are_as_they_were_after_a_batch() -> None:
    torch.manual_seed(3)
    expected = torch.rand(())
    torch.manual_seed(3)
    list(load(NoisyNumbers(), transforms={"a": _draw_globally}).epoch(0))

    assert torch.equal(torch.rand(()), expected)


def test_a_batch_is_moved_before_it_is_transformed() -> None:
    seen: list[list[str]] = []

    def look(batch: dict[str, Any]) -> dict[str, Any]:
        seen.append(sorted(batch))
        return batch

    fetcher = Fetcher(Numbers(4))

    def move(batch: Any) -> dict[str, Any]:
        return {**batch, "moved": Tensor()}

    source = Source(fetcher, named_transforms({"look": look}), move, looks_ahead=True)
    list(Loader(source, Shape(4, 4)).epoch(0))

    assert seen == [["input", "moved", "target"]]


def test_an_engine_that_does_more_than_choose_the_device_sees_batches_from_memory_too() -> None:
    def move(batch: Any) -> dict[str, Any]:
        return {**batch, "input": batch["input"].double()}

    loader = Loader(Source(Fetcher(tensors(8)), (), move), Shape(4, 4))

    assert loader.way == "memory"
    assert [batch["input"].dtype for batch, _ in loader.epoch(0)] == [torch.float64] * 2
    assert [batch["target"].dtype for batch, _ in loader.epoch(0)] == [torch.int64] * 2
