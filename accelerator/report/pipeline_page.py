"""The page of a pipeline, from what `pipeline.json` holds: the graph of its steps, and what each gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerator.report.page import render
from accelerator.runs.files import number_from_json

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 62, 64, 22, 4
_MOST_FIGURES = 4
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
    """Place each step in the column after the last of those that it needs.

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
    edges = [_arrow(nodes[need], nodes[step["name"]]) for step in steps for need in step["needs"] if need in nodes]
    width = max((x for x, _ in nodes.values()), default=0) + WIDTH + MARGIN
    height = max((y for _, y in nodes.values()), default=0) + HEIGHT + MARGIN
    return Graph(width, height, nodes, edges)


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
    to_x, to_y = end[0] - 5, end[1] + HEIGHT // 2
    middle = (x + to_x) // 2
    return f"M{x} {y} C{middle} {y} {middle} {to_y} {to_x} {to_y}"
