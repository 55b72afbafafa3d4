"""Intervals are read exactly, and written so that they read back as the same."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.config.interval import Interval


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("10ep", Fraction(10), "ep"),
        ("0.25ep", Fraction(1, 4), "ep"),
        ("500st", Fraction(500), "st"),
        ("45s", Fraction(45), "s"),
        ("30min", Fraction(1800), "s"),
        ("2h", Fraction(7200), "s"),
        ("1.5h", Fraction(5400), "s"),
        (" 3 ep ", Fraction(3), "ep"),
    ],
)
def test_an_interval_is_read_exactly(text: str, value: Fraction, unit: str) -> None:
    assert Interval.parse(text) == Interval(value, unit)


@pytest.mark.parametrize("text", ["10ep", "0.25ep", "500st", "45s", "30min", "2h"])
def test_an_interval_is_written_as_it_was_read(text: str) -> None:
    assert str(Interval.parse(text)) == text


@pytest.mark.parametrize("text", ["", "10", "ep", "0ep", "-1ep", "1 epoch", "10 e p", "1e3st", "nan", "5m"])
def test_what_is_no_interval_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a number greater than 0 with a unit: 10ep or 0.25ep \(epochs\)"):
        Interval.parse(text)


def test_a_part_of_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a whole number of steps, such as 500st"):
        Interval.parse("0.5st")


def test_a_value_that_has_no_end_of_digits_is_written_as_near_as_can_be() -> None:
    assert str(Interval(Fraction(1, 3), "ep")) == "0.3333333333333333ep"


@given(
    st.decimals(min_value="0.001", max_value=10**9, places=3, allow_nan=False), st.sampled_from(["ep", "s", "min", "h"])
)
def test_what_is_written_reads_back_as_the_same(value: object, unit: str) -> None:
    interval = Interval.parse(f"{value}{unit}")

    assert Interval.parse(str(interval)) == interval
