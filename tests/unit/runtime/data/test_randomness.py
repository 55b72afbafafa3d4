"""Draws that depend on (seed, epoch, position, stream) alone, and are as uniform as they should be."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from accelerator.runtime.data.randomness import BatchRandom, mix_seed, sample_generator, seeded_globals

NUM_SAMPLES = 20_000


@given(st.integers(0, 2**40), st.integers(0, 50), st.integers(0, 500), st.integers(1, 20), st.integers(0, 19))
def test_a_sample_draws_the_same_in_whatever_batch_it_stands(
    seed: int, epoch: int, position: int, size: int, place: int
) -> None:
    place %= size
    in_batch = BatchRandom(seed, epoch, position, size)
    alone = BatchRandom(seed, epoch, position + place, 1)

    for _ in range(3):
        assert torch.equal(in_batch.uniform(size=(2,))[place], alone.uniform(size=(2,))[0])
        assert torch.equal(in_batch.integers(0, 100)[place], alone.integers(0, 100)[0])


def test_uniform_draws_have_the_mean_and_variance_of_a_uniform_distribution() -> None:
    drawn = BatchRandom(0, 0, 0, NUM_SAMPLES).uniform(-1.0, 3.0).double()

    assert drawn.mean().item() == pytest.approx(1.0, abs=0.03)
    assert drawn.var().item() == pytest.approx(16 / 12, rel=0.03)
    assert drawn.min() >= -1.0 and drawn.max() < 3.0
    counts = torch.histc(drawn, bins=20, min=-1.0, max=3.0)
    assert ((counts - NUM_SAMPLES / 20) ** 2 / (NUM_SAMPLES / 20)).sum() < 45.0  # chi square, 19 degrees, p = 0.0007


def test_normal_draws_have_the_moments_of_a_normal_distribution() -> None:
    drawn = BatchRandom(1, 2, 3, NUM_SAMPLES).normal(2.0, 0.5).double()

    assert drawn.mean().item() == pytest.approx(2.0, abs=0.02)
    assert drawn.std().item() == pytest.approx(0.5, rel=0.03)
    assert (((drawn - 2.0) / 0.5) ** 4).mean().item() == pytest.approx(3.0, abs=0.3)


def test_integers_are_uniform_also_over_a_range_that_is_no_power_of_two() -> None:
    drawn = BatchRandom(3, 0, 0, NUM_SAMPLES).integers(0, 3 * 2**29)

    thirds = torch.bincount(drawn // 2**29, minlength=3).double() / NUM_SAMPLES
    assert torch.allclose(thirds, torch.full((3,), 1 / 3, dtype=torch.float64), atol=0.02)


def test_bernoulli_is_true_as_often_as_its_probability_says() -> None:
    assert BatchRandom(0, 0, 0, NUM_SAMPLES).bernoulli(0.3).double().mean().item() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    "other",
    [
        BatchRandom(1, 0, 0, NUM_SAMPLES),
        BatchRandom(0, 1, 0, NUM_SAMPLES),
        BatchRandom(0, 0, 1, NUM_SAMPLES),
        BatchRandom(0, 0, 0, NUM_SAMPLES, stream=1),
    ],
    ids=["seed", "epoch", "position", "stream"],
)
def test_draws_of_different_keys_are_independent(other: BatchRandom) -> None:
    drawn = BatchRandom(0, 0, 0, NUM_SAMPLES).random()

    assert abs(_correlation(drawn, other.random())) < 0.03


def test_draws_of_one_sample_are_independent() -> None:
    rng = BatchRandom(0, 0, 0, NUM_SAMPLES)
    first, second = rng.random((2,)).unbind(1)

    assert abs(_correlation(first, second)) < 0.03
    assert abs(_correlation(first, rng.random())) < 0.03
    assert abs(_correlation(first[1:], first[:-1])) < 0.03


def test_shapes_and_types_are_those_of_torch() -> None:
    rng = BatchRandom(0, 0, 0, 5)

    assert rng.random((2, 3)).shape == (5, 2, 3)
    assert rng.normal().dtype == torch.float32
    assert rng.integers(0, 4).dtype == torch.int64
    assert rng.bernoulli(0.5).dtype == torch.bool


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4))
def test_mixed_seeds_are_what_generators_take(parts: list[int]) -> None:
    seed = mix_seed(*parts)

    assert 0 <= seed < 2**63
    assert seed == mix_seed(*parts)
    assert seed != mix_seed(*parts, 0)


def test_a_sample_has_one_generator_of_its_own() -> None:
    first = sample_generator(0, 1, 2).random()

    assert first == sample_generator(0, 1, 2).random()
    assert len({first, sample_generator(0, 1, 3).random(), sample_generator(0, 1, 2, 1).random()}) == 3


def test_seeded_globals_seed_all_three_and_put_them_back() -> None:
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    expected = _draw()
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    with seeded_globals(9):
        inside = _draw()

    assert _draw() == expected
    with seeded_globals(9):
        assert _draw() == inside


def _draw() -> tuple[float, float, float]:
    return torch.rand(()).item(), float(np.random.rand()), random.random()


def _correlation(first: Tensor, second: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([first.double(), second.double()]))[0, 1])
