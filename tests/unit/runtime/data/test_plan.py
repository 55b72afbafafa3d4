"""How an epoch is cut into steps, ranks and micro-batches: laws, for every shape."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from accelerator.errors import ConfigError
from accelerator.runtime.data.plan import EpochPlan, SequentialSampler, Shape, ShuffleSampler

sizes = st.integers(1, 5)


@given(st.integers(0, 60), sizes, sizes, sizes, st.booleans(), st.integers(0, 20))
def test_ranks_and_micro_batches_deal_out_every_sample_once(
    length: int, micro: int, accumulation: int, world: int, drop_last: bool, first: int
) -> None:
    shapes = [Shape(micro * accumulation * world, micro, drop_last, rank, world) for rank in range(world)]
    plans = [EpochPlan(length, shape, ShuffleSampler(), 7) for shape in shapes]
    order = torch.as_tensor(plans[0].order(3)).tolist()
    taken = {
        request.position + place: index
        for plan in plans
        for request in plan.requests(3, first)
        for place, index in enumerate(request.indices)
    }

    size = shapes[0].batch_size
    end = length - length % size if drop_last else length
    assert taken == {place: order[place] for place in range(min(first * size, end), end)}
    assert plans[0].num_steps(3) == -(-end // size)


@given(st.integers(1, 40), sizes, sizes)
def test_the_last_micro_batch_of_each_step_ends_it(length: int, micro: int, accumulation: int) -> None:
    plan = EpochPlan(length, Shape(micro * accumulation, micro), SequentialSampler(), 0)

    ends = [request.ends_step for request in plan.requests(0, 0)]

    assert sum(ends) == plan.num_steps(0)
    assert ends[-1]
    assert all(len(request.indices) <= micro for request in plan.requests(0, 0))


def test_the_order_of_an_epoch_depends_on_seed_and_epoch_alone() -> None:
    orders = {(seed, epoch): list(ShuffleSampler().order(epoch, seed, 50)) for seed in (0, 1) for epoch in (0, 1)}

    assert torch.equal(torch.as_tensor(orders[0, 0]), torch.as_tensor(list(ShuffleSampler().order(0, 0, 50))))
    assert len({str(torch.as_tensor(order).tolist()) for order in orders.values()}) == 4


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((10, 4), "10 samples a step cannot be dealt out to 1 processes in micro-batches of 4.* multiple of 4"),
        ((10, 5, False, 0, 4), "10 samples a step cannot be dealt out to 4 processes in micro-batches of 5"),
        ((4, 8), "4 samples a step cannot be dealt out to 1 processes in micro-batches of 8"),
    ],
)
def test_a_step_that_cannot_be_dealt_out_is_refused(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=f"loader.batch_size: {message}"):
        Shape(*shape)  # type: ignore[arg-type]
