"""The picture of a sweep: a scatter for one parameter, parallel coordinates for several."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

_MARGIN = 0.04


def draw_sweep(path: Path, points: Sequence[tuple[Mapping[str, str], float]], metric: str, mode: str) -> None:
    """Write a PNG of what each job had and what came of it.

    Args:
        path: the file.
        points: for each complete job the value of each parameter, as text, and the metric; at least one.
        metric: its name.
        mode: `min` or `max`: the best job is drawn thick.
    """
    keys = list(points[0][0])
    figure = Figure(figsize=(2.2 * max(len(keys), 2) + 2.4, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    best = (min if mode == "min" else max)(range(len(points)), key=lambda place: points[place][1])
    if len(keys) == 1:
        _scatter(axes, keys[0], points, metric, best)
    else:
        _parallel(axes, keys, points, metric, best)
    figure.savefig(path, dpi=120)


def _scatter(axes: Any, key: str, points: Sequence[tuple[Mapping[str, str], float]], metric: str, best: int) -> None:
    texts = [values[key] for values, _ in points]
    places, labels = _places(texts)
    figures = [float(text) for text in texts] if labels is None else places
    results = [result for _, result in points]
    axes.scatter(figures, results, color="#4c72b0", zorder=2)
    axes.scatter(figures[best], results[best], color="#c44e52", zorder=3, label="best")
    if labels is None and min(figures) > 0 and max(figures) / min(figures) >= 8:
        axes.set_xscale("log")
    if labels is not None:
        axes.set_xticks(range(len(labels)), labels)
    axes.set(xlabel=key, ylabel=metric)
    axes.grid(alpha=0.3)
    axes.legend()


def _parallel(
    axes: Any, keys: Sequence[str], points: Sequence[tuple[Mapping[str, str], float]], metric: str, best: int
) -> None:
    results = [result for _, result in points]
    columns = [_column([values[key] for values, _ in points]) for key in keys]
    columns.append(_column([repr(result) for result in results]))
    color, norm = colormaps["viridis"], Normalize(min(results), max(results))
    for place, result in enumerate(results):
        heights = [heights[place] for heights, _ in columns]
        width, order = (3.0, 3) if place == best else (1.2, 2)
        axes.plot(range(len(columns)), heights, color=color(norm(result)), linewidth=width, zorder=order, marker="o")
    for x, (_, ticks) in enumerate(columns):
        axes.axvline(x, color="#888888", linewidth=0.8, zorder=1)
        for height, label in ticks:
            axes.annotate(label, (x, height), (6, 3), textcoords="offset points", fontsize=8)
    axes.set_xticks(range(len(columns)), [*keys, metric])
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(columns) - 0.6)
    axes.set_ylim(-_MARGIN, 1 + 2 * _MARGIN)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _column(texts: Sequence[str]) -> tuple[list[float], list[tuple[float, str]]]:
    """Return the height of each value on an axis from 0 to 1, and the axis' labels with theirs."""
    places, labels = _places(texts)
    low, high = min(places), max(places)
    heights = [(place - low) / (high - low) if high > low else 0.5 for place in places]
    if labels is not None:
        return heights, list({height: text for height, text in zip(heights, texts, strict=True)}.items())
    shown = sorted(set(zip(heights, (f"{place:.4g}" for place in places), strict=True)))
    return heights, shown if len(shown) <= 6 else [shown[0], shown[-1]]


def _places(texts: Sequence[str]) -> tuple[list[float], list[str] | None]:
    """Return numbers as they are; for anything else the place of each among the different ones, and those."""
    try:
        return [float(text) for text in texts], None
    except ValueError:
        labels = list(dict.fromkeys(texts))
        return [float(labels.index(text)) for text in texts], labels
