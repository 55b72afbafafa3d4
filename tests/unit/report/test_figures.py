"""Numbers as people read them."""

import pytest

from accelerator.report.figures import as_bytes, as_count, as_number, as_share, as_time


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1000, "1 k"), (77754, "77.8 k"), (1.5e6, "1.5 M"), (2e12, "2 T")]
)
def test_counts(value: float, text: str) -> None:
    assert as_count(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (3 * 2**30, "3 GiB")])
def test_sizes(value: float, text: str) -> None:
    assert as_bytes(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 µs"), (3.1e-6, "3.1 µs"), (0.00458, "4.58 ms"), (2.0, "2 s"), (90, "90 s")]
)
def test_times(seconds: float, text: str) -> None:
    assert as_time(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(0.30551048, "0.30551"), ([1.0, 2.5], "1, 2.5")])
def test_numbers(value: float | list[float], text: str) -> None:
    assert as_number(value) == text


@pytest.mark.parametrize(("part", "whole", "text"), [(1, 4, "25 %"), (0, 4, "0 %"), (1, 1000, "< 1 %"), (0, 0, "0 %")])
def test_shares(part: float, whole: float, text: str) -> None:
    assert as_share(part, whole) == text
