"""When an interval is due: laws."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.config.interval import Interval
from accelerator.errors import ConfigError
from accelerator.runtime.loop.clock import Clock


def due(clock: Clock, first: int, last: int) -> list[int]:
    return [step for step in range(first, last + 1) if clock.is_due_after_step(step)]


@given(st.integers(1, 30), st.integers(0, 200))
def test_n_steps_are_due_floor_of_steps_by_n_times(every: int, steps: int) -> None:
    clock = Clock(Interval.parse(f"{every}st"), None)

    assert due(clock, 1, steps) == list(range(every, steps + 1, every))


@given(st.sampled_from(["7st", "1st", "0.25ep", "0.3ep", "1.5ep", "0.01ep"]), st.integers(1, 40), st.integers(0, 120))
def test_a_resume_is_due_when_an_uninterrupted_run_is(text: str, per_epoch: int, stopped: int) -> None:
    whole = due(Clock(Interval.parse(text), per_epoch), 1, 120)
    resumed = due(Clock(Interval.parse(text), per_epoch, stopped), stopped + 1, 120)

    assert resumed == [step for step in whole if step > stopped]
    clock = Clock(Interval.parse(text), per_epoch)
    assert [step for step in range(121) if clock.is_due_at(step)] == whole


@given(st.integers(4, 500), st.integers(1, 5))
def test_a_quarter_of_an_epoch_is_due_four_times_an_epoch_and_at_its_end(per_epoch: int, epochs: int) -> None:
    found = due(Clock(Interval.parse("0.25ep"), per_epoch), 1, epochs * per_epoch)

    assert len(found) == 4 * epochs
    assert {epoch * per_epoch for epoch in range(1, epochs + 1)} <= set(found)


@given(st.integers(1, 9), st.integers(1, 60))
def test_whole_epochs_are_due_when_epochs_end_and_after_no_step(every: int, epochs: int) -> None:
    clock = Clock(Interval.parse(f"{every}ep"), 10)

    assert due(clock, 1, 100) == []
    assert [epoch for epoch in range(1, epochs + 1) if clock.is_due_after_epoch(epoch)] == list(
        range(every, epochs + 1, every)
    )


def test_seconds_are_due_when_they_have_passed() -> None:
    clock = Clock(Interval.parse("1s"), None)
    began = time.monotonic()
    while not clock.is_due_after_step(1):
        time.sleep(0.01)

    assert 0.9 < time.monotonic() - began < 3
    assert not clock.is_due_after_step(2) and not clock.is_due_at(2) and not clock.is_due_after_epoch(1)


def test_never_is_never() -> None:
    clock = Clock(None, 10)

    assert due(clock, 1, 50) == [] and not clock.is_due_after_epoch(1) and not clock.is_due_at(10)


def test_parts_of_epochs_need_a_length() -> None:
    with pytest.raises(
        ConfigError, match="train.log_every: 0.5ep needs data with a length.* Count steps: train.log_every"
    ):
        Clock(Interval.parse("0.5ep"), None, key="train.log_every")
