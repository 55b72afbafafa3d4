"""The committed table: every bound with its ratios, and every contestant with its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rounds import MIN_ROUNDS, Bound, Ceiling, quartiles

_HEAD = (
    *("# Benchmarks", ""),
    "Written by `make bench`; `make bench-check` reads `results.json` and fails on a missed bound. A ratio is that of",
    "two processes of the same round; a bound is missed when the lower quartile of its ratios lies above it.",
    "",
)
_QUARTILES = ("lower quartile", "median", "upper quartile")


def table(results: Mapping[str, Any], bounds: Sequence[Bound | Ceiling]) -> str:
    """Return the table as Markdown."""
    lines = [*_HEAD, *_header("what", "bound", *_QUARTILES, "rounds", "")]
    lines += [_row(bound, results) for bound in bounds if bound.comparison in results]
    for name, result in results.items():
        lines += ["", f"## {name}", "", ", ".join(f"{key} {value}" for key, value in result["machine"].items()), ""]
        lines += _header("contestant", "figure", *_QUARTILES, "every round")
        lines += _figures(result["rounds"])
    return "\n".join(lines) + "\n"


def verdict(bound: Bound | Ceiling, rounds: Sequence[Mapping[str, Any]]) -> tuple[str, list[float]]:
    """Return `held`, `missed` or what is wrong with the measurement, and the values it is judged by."""
    values = bound.ratios(rounds) if isinstance(bound, Bound) else bound.values(rounds)
    if len(values) < MIN_ROUNDS:
        return f"only {len(values)} rounds, {MIN_ROUNDS} are needed", values
    return ("held" if quartiles(values)[0] <= bound.most else "missed"), values


def _header(*names: str) -> list[str]:
    return [f"| {' | '.join(names)} |", f"| {' | '.join('---' for _ in names)} |"]


def _row(bound: Bound | Ceiling, results: Mapping[str, Any]) -> str:
    word, values = verdict(bound, results[bound.comparison]["rounds"])
    lower, middle, upper = quartiles(values)
    return f"| {bound.note} | {bound.most:.2f} | {lower:.3f} | {middle:.3f} | {upper:.3f} | {len(values)} | {word} |"


def _figures(rounds: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for contestant in sorted({name for one in rounds for name in one}):
        for figure in sorted({name for one in rounds for name in one[contestant]}):
            values = [one[contestant][figure] for one in rounds]
            lower, middle, upper = quartiles(values)
            every = " ".join(f"{value:.3g}" for value in values)
            lines.append(f"| {contestant} | {figure} | {lower:.3f} | {middle:.3f} | {upper:.3f} | {every} |")
    return lines
