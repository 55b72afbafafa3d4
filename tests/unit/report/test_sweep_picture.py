"""Every kind of parameter can be drawn: numbers, words, one or several, and jobs that do not differ."""

from pathlib import Path

import pytest

from accelerator.report.sweep_picture import draw_sweep

POINTS = {
    "one number": [({"lr": "0.1"}, 2.0), ({"lr": "0.001"}, 1.0)],
    "one word": [({"model": "mlp"}, 2.0), ({"model": "resnet8"}, 1.0)],
    "several": [({"lr": "0.1", "model": "mlp"}, 2.0), ({"lr": "0.2", "model": "resnet8"}, 1.0)],
    "one job": [({"lr": "0.1", "model": "mlp"}, 2.0)],
}


@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
def test_a_sweep_of_any_parameters_is_drawn(tmp_path: Path, points: list[tuple[dict[str, str], float]]) -> None:
    draw_sweep(tmp_path / "sweep.png", points, "validation/loss", "min")

    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")
