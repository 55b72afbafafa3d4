"""The page of a pipeline, from what `pipeline.json` holds: the graph of its steps, and what each gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerator.report.page import render
from accelerator.runs.files import number_from_json

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 62, 64, 22, 4
LANE = 12
"""Between arrows that pass below the steps that stand in their way."""
_MOST_FIGURES = 6
_SPLITS = ("test", "validation", "train")


@dataclass(frozen=True)
class Graph:
    """The steps laid out from left to right by what they need; all in pixels."""

    width: int
    height: int
    nodes: Mapping[str, tuple[int, int]]
    """The upper left corner of each step's box."""
    edges: Sequence[str]
    """The arrows, each as the path of an SVG."""


def pipeline_page(state: Mapping[str, Any], links: Mapping[str, Mapping[str, str]], tracker: str | None = None) -> str:
    """Return the HTML page.

    Args:
        state: the content of `pipeline.json`.
        links: for each step the addresses of what it left, by what they are called.
        tracker: the address of the pipeline's run in a tracker.
    """
    counts: dict[str, int] = {}
    for step in state["steps"]:
        counts[step["state"]] = counts.get(step["state"], 0) + 1
    figures = {step["name"]: main_figures(step["outputs"]) for step in state["steps"]}
    values = {"pipeline": state, "counts": counts, "figures": figures, "links": links, "tracker": tracker}
    return render("pipeline", {**values, "graph": lay_out(state["steps"]), "box": (WIDTH, HEIGHT), "shorten": shorten})


def lay_out(steps: Sequence[Mapping[str, Any]]) -> Graph:
    """Place each step in the column after the last of those that it needs; an arrow over columns passes below them.

    Args:
        steps: objects with `name` and `needs`, each after those that it needs.
    """
    column: dict[str, int] = {}
    nodes: dict[str, tuple[int, int]] = {}
    rows: dict[int, int] = {}
    for step in steps:
        place = max((column[need] + 1 for need in step["needs"] if need in column), default=0)
        row = rows.get(place, 0)
        column[step["name"]], rows[place] = place, row + 1
        nodes[step["name"]] = (MARGIN + place * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y))
    needs = [(need, step["name"]) for step in steps for need in step["needs"] if need in nodes]
    over_columns = [(need, name) for need, name in needs if column[name] - column[need] > 1]
    far = dict.fromkeys(need for need, _ in over_columns)
    bottom = MARGIN + max(rows.values(), default=1) * (HEIGHT + GAP_Y)
    lanes = {need: bottom + place * LANE for place, need in enumerate(far)}
    edges = [
        (
            _arrow_below(nodes[need], nodes[name], lanes[need])
            if (need, name) in over_columns
            else _arrow(nodes[need], nodes[name])
        )
        for need, name in needs
    ]
    width = max((x for x, _ in nodes.values()), default=0) + WIDTH + MARGIN
    height = max([bottom - GAP_Y, *lanes.values()])
    return Graph(width, height + MARGIN, nodes, edges)


def main_figures(outputs: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics among what a step gave that say most: those of the test before those of training."""
    found = {
        name: number_from_json(value)
        for output in outputs.values()
        if output["type"] == "metrics"
        for name, value in output["value"].items()
    }
    order = {split: place for place, split in enumerate(_SPLITS)}
    names = sorted(found, key=lambda name: (order.get(name.partition("/")[0], len(order)), name))
    return {name: found[name] for name in names[:_MOST_FIGURES]}


def shorten(text: str, most: int) -> str:
    """Return a text as it fits into a box."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + WIDTH, start[1] + HEIGHT // 2
    return f"M{x} {y} {_curve(x, y, end[0] - 5, end[1] + HEIGHT // 2)}"


def _arrow_below(start: tuple[int, int], end: tuple[int, int], lane: int) -> str:
    """Return an arrow that goes down to a lane behind its first step, and up again before its last one."""
    x, y = start[0] + WIDTH, start[1] + HEIGHT // 2
    down, up = x + GAP_X, end[0] - GAP_X
    return f"M{x} {y} {_curve(x, y, down, lane)} H{up} {_curve(up, lane, end[0] - 5, end[1] + HEIGHT // 2)}"


def _curve(x: int, y: int, to_x: int, to_y: int) -> str:
    middle = (x + to_x) // 2
    return f"C{middle} {y} {middle} {to_y} {to_x} {to_y}"
