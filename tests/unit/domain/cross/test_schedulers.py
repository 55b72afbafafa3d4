import io
import math
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import LRScheduler

from accelerator.domain.cross.schedulers import constant, warmup_cosine
from accelerator.errors import ConfigError


def make_optimizer(*rates: float) -> torch.optim.Optimizer:
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates])


def rates_of(scheduler: LRScheduler, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        found.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return found


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    rates = rates_of(warmup_cosine(make_optimizer(2.0), total_steps=20, warmup_share=0.2), steps=22)

    assert rates[:4] == [0.5, 1.0, 1.5, 2.0]
    assert rates[4:20] == pytest.approx([1 + math.cos(math.pi * step / 16) for step in range(16)])
    assert rates[20:] == pytest.approx([0.0, 0.0])


def test_the_fall_agrees_with_torch() -> None:
    optimizer = make_optimizer(0.3)
    theirs = rates_of(torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12), steps=12)

    assert rates_of(warmup_cosine(make_optimizer(0.3), 12, warmup_share=0.0), steps=12) == pytest.approx(theirs)


def test_a_number_of_warmup_steps_wins_over_the_share() -> None:
    assert rates_of(warmup_cosine(make_optimizer(1.0), 100, warmup_steps=2), steps=3) == [0.5, 1.0, 1.0]


def test_the_rate_ends_at_its_least_share() -> None:
    scheduler = warmup_cosine(make_optimizer(1.0), total_steps=10, min_lr_share=0.25)

    assert rates_of(scheduler, steps=12)[-2:] == pytest.approx([0.25, 0.25])


def test_every_group_keeps_its_own_rate() -> None:
    optimizer = make_optimizer(1.0, 0.1)

    warmup_cosine(optimizer, total_steps=10, warmup_steps=4)

    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.25, 0.025])


@pytest.mark.parametrize(
    "make", [lambda optimizer: warmup_cosine(optimizer, 10), lambda optimizer: constant(optimizer, 8)]
)
def test_a_saved_schedule_goes_on_and_holds_data_only(make: Any) -> None:
    whole = rates_of(make(make_optimizer(1.0)), steps=10)
    scheduler = make(make_optimizer(1.0))
    begun = rates_of(scheduler, steps=4)
    file = io.BytesIO()
    torch.save([scheduler.state_dict(), scheduler.optimizer.state_dict()], file)
    file.seek(0)

    again = make(make_optimizer(1.0))
    of_scheduler, of_optimizer = torch.load(file, weights_only=True)
    again.load_state_dict(of_scheduler)
    again.optimizer.load_state_dict(of_optimizer)

    assert begun + rates_of(again, steps=6) == whole


def test_an_unknown_length_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"^warmup_cosine\.total_steps: the number of steps .* Set train\.steps, or"):
        warmup_cosine(make_optimizer(1.0), total_steps=None)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"warmup_share": 1.0}, r"^warmup_cosine\.warmup_share: 1\.0 must be at least 0 and below 1\. Choose"),
        ({"warmup_share": -0.1}, r"^warmup_cosine\.warmup_share: -0\.1 must be"),
        ({"min_lr_share": 1.5}, r"^warmup_cosine\.min_lr_share: 1\.5 must be from 0 to 1\. Choose"),
        (
            {"warmup_steps": 10},
            r"^warmup_cosine\.warmup_steps: 10 must be at least 0 and below the 10 steps of the run\.",
        ),
        ({"warmup_steps": -1}, r"^warmup_cosine\.warmup_steps: -1 must be"),
    ],
)
def test_values_outside_their_range_are_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        warmup_cosine(make_optimizer(1.0), 10, **arguments)


def test_a_constant_rate_stays() -> None:
    assert rates_of(constant(make_optimizer(0.3)), steps=3) == [0.3, 0.3, 0.3]


def test_a_constant_rate_may_warm_up() -> None:
    assert rates_of(constant(make_optimizer(1.0), warmup_steps=4), steps=6) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_a_negative_warmup_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^constant\.warmup_steps: -1 must be at least 0\. 0 starts with the full rate\.$"
    ):
        constant(make_optimizer(1.0), warmup_steps=-1)
