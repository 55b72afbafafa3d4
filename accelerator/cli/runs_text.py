"""The tables that `list` prints."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from accelerator.cli.terminal import print_error, print_line, print_table
from accelerator.report.figures import as_bytes
from accelerator.runs.choosing import columns_of
from accelerator.runs.files import json_ready
from accelerator.runs.row import RunRow

HEADER = ("name", "run", "status", "epoch", "step", "metrics", "started", "seconds", "size", "checkpoints")
_SIZES = ("size", "checkpoints")


def print_runs(rows: Sequence[RunRow], columns: str | None, is_json: bool, *, is_chosen: bool) -> None:
    """Print runs as a table or as JSON, with `columns` only those; `is_chosen`: by a condition, so none is no news."""
    if is_json:
        print_line(dumps(_objects(rows, columns), indent=2))
    elif not rows:
        print_error(
            "No run fulfils the condition."
            if is_chosen
            else "No runs yet. Start one: accelerator experiment train experiment=digits_resnet"
        )
    elif columns is None:
        print_table(HEADER, [_cells(row) for row in rows])
    else:
        header, values = columns_of(rows, columns)
        print_table(header, [[_cell(value, name) for value, name in zip(row, header, strict=True)] for row in values])


def _objects(rows: Sequence[RunRow], columns: str | None) -> list[dict[str, Any]]:
    if columns is None:
        return [row.to_json() for row in rows]
    header, values = columns_of(rows, columns)
    return [json_ready(dict(zip(header, row, strict=True))) for row in values]


def _cells(row: RunRow) -> tuple[str, ...]:
    metrics = ", ".join(f"{name} {value:.5g}" for name, value in row.main_metrics.items())
    fields = (row.started, row.seconds, row.size_bytes, row.checkpoint_bytes)
    shown = [_cell(value, name) for value, name in zip(fields, HEADER[6:], strict=True)]
    return (row.name, row.run_id, row.status, _cell(row.epoch, "epoch"), _cell(row.step, "step"), metrics, *shown)


def _cell(value: Any, key: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if key in _SIZES:
        return as_bytes(value)
    if isinstance(value, float):
        return f"{value:.1f}" if key == "seconds" else f"{value:.6g}"
    return str(value)
