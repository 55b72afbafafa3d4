"""Pages with a table of runs: all of them, or several side by side with their curves."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from accelerator.report.figures import as_bytes, as_number, as_period
from accelerator.report.page import render
from accelerator.runs.comparison import Comparison
from accelerator.runs.row import RunRow
from accelerator.runs.summary import COMPLETED, DIED, FAILED

SIZES = ("size", "checkpoints")
ABSENT = "–"


def runs_page(header: Sequence[str], values: Sequence[Sequence[Any]], rows: Sequence[RunRow], source: str) -> str:
    """Return the page of a table of runs.

    Args:
        header: the names of its columns.
        values: plain values, one row a run.
        rows: the runs themselves, for the figures above the table.
        source: a line below the title.
    """
    states = Counter(row.status for row in rows)
    is_number = [_holds_numbers([row[place] for row in values]) for place in range(len(header))]
    return render(
        "runs",
        {
            "source": source,
            "header": list(zip(header, is_number, strict=True)),
            "rows": [[cell_text(value, name) for value, name in zip(row, header, strict=True)] for row in values],
            "num_runs": len(rows),
            "num_completed": states[COMPLETED],
            "num_failed": states[FAILED] + states[DIED],
            "size": sum(row.size_bytes or 0 for row in rows),
            "of_checkpoints": sum(row.checkpoint_bytes or 0 for row in rows),
        },
    )


def comparison_page(found: Comparison, source: str, curves: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page of several runs side by side.

    Args:
        found: what differs.
        source: a line below the title.
        curves: metrics, each with its picture as SVG text of our own making.
    """
    rows = [(item.cause, item.key, [cell_text(value, item.key) for value in item.values]) for item in found.differences]
    return render(
        "comparison",
        {
            "source": source,
            "runs": found.runs,
            "rows": rows,
            "num_same": found.num_same,
            "notes": found.notes,
            "curves": curves,
        },
    )


def cell_text(value: Any, key: str) -> str:
    """Return a value as it is read: sizes and times with their units, numbers in five digits."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return str(value).lower()
    if key in SIZES:
        return as_bytes(value)
    if key == "seconds":
        return as_period(value)
    return as_number(value) if isinstance(value, float) else str(value)


def _holds_numbers(values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
