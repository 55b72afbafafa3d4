"""Curves of several runs in one picture, one field for each metric."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

Curves: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]
"""The points (step, value) of one metric by the run's name, in the order of the steps."""

_COLORS = ("#2f6fde", "#d1495b", "#1a7f4b", "#e08e1b", "#7b4fc9", "#12939a", "#8c564b", "#5d6b7a")
_STYLES = ("-", "--", ":", "-.")
_MOST_SIDE_BY_SIDE = 2
_POINTS_WITH_MARKS = 30
_LOGARITHMIC_FROM = 50.0


def draw_curves(fields: Mapping[str, Curves], kind: str) -> bytes:
    """Return a picture as the bytes of a PNG or SVG file.

    Args:
        fields: for each metric the curves of the runs that have it.
        kind: `png` or `svg`; an SVG has no XML declaration, so that it can stand in a page.
    """
    across = min(len(fields), _MOST_SIDE_BY_SIDE)
    down = math.ceil(len(fields) / across)
    figure = Figure(figsize=(7.2 * across, 4.4 * down), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, squeeze=False).flat
    titles = list(dict.fromkeys(title for curves in fields.values() for title in curves))
    for axes, (name, curves) in zip(grid, fields.items(), strict=False):
        _draw(axes, name, curves, titles)
    for axes in list(grid)[len(fields) :]:
        axes.set_visible(False)
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "accelerator", "svg.fonttype": "none"}):  # equal data, equal file
        figure.savefig(content, format=kind, dpi=140, metadata={"Date": None} if kind == "svg" else None)
    found = content.getvalue()
    return found[found.index(b"<svg") :] if kind == "svg" else found


def _draw(axes: Any, name: str, curves: Curves, titles: Sequence[str]) -> None:
    for title, points in curves.items():
        place = titles.index(title)
        steps, values = zip(*points, strict=True)
        axes.plot(
            steps,
            values,
            label=title,
            color=_COLORS[place % len(_COLORS)],
            linestyle=_STYLES[place // len(_COLORS) % len(_STYLES)],
            linewidth=1.8,
            marker="o" if len(values) <= _POINTS_WITH_MARKS else None,
            markersize=3.5,
        )
    finite = [value for points in curves.values() for _, value in points if math.isfinite(value)]
    if finite and min(finite) > 0 and max(finite) / min(finite) >= _LOGARITHMIC_FROM:
        axes.set_yscale("log")
    axes.set_title(name, loc="left", fontsize=11, fontweight="bold", parse_math=False)
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for text in axes.legend(frameon=False, fontsize=9).get_texts():
        text.set_parse_math(False)  # a run's name may hold dollars
