"""The picture of several runs' curves."""

import math

import pytest

from accelerator.report.curves_picture import draw_curves

FIELDS = {
    "train/loss": {"run $a$": [(1, 2.0), (2, math.nan), (3, 0.01)], "b": [(1, 1.0)]},
    "test/accuracy": {"b": [(3, 0.5)]},
    "a_b": {"run $a$": [(3, -0.5)]},
}


def test_a_png_is_a_png() -> None:
    assert draw_curves(FIELDS, "png").startswith(b"\x89PNG")


def test_an_svg_names_metrics_and_runs_as_they_are_and_is_the_same_for_the_same_data() -> None:
    first, again = (draw_curves(FIELDS, "svg") for _ in range(2))

    assert first == again and first.startswith(b"<svg")
    assert [name for name in ("run $a$", "train/loss", "test/accuracy", "a_b") if name not in first.decode()] == []


@pytest.mark.parametrize("points", [[(1, 0.0)], [(1, math.inf)]])
def test_points_that_no_logarithm_takes_are_drawn(points: list[tuple[float, float]]) -> None:
    assert draw_curves({"a": {"b": points}}, "png")
