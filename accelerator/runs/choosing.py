"""Which runs of many are meant, in which order, and which of their values: `--where`, `--sort`, `--columns`."""

from collections.abc import Sequence
from typing import Any

from accelerator.errors import UsageError, did_you_mean
from accelerator.runs.expression import parse_condition, sort_key, split_names
from accelerator.runs.row import Readings, RunRow

_DESCENDING = "-"


def choose_rows(rows: Sequence[RunRow], where: str | None = None, sort: str | None = None) -> list[RunRow]:
    """Return the rows that fulfil a condition, in the order of a key.

    Args:
        rows: the runs.
        where: a condition, as `expression` has it; None: all.
        sort: a key, smallest first, `-KEY`: largest first; runs without it come last. None: the order as it is.

    Raises:
        UsageError: the condition cannot be understood, or a key is known of no run.
    """
    readings = Readings(rows)
    chosen = readings.rows
    if where is not None:
        condition = parse_condition(where)
        if rows:
            condition.check_keys(readings.keys(condition.keys), "--where")
        chosen = [row for row in chosen if condition.test(readings.of(row))]
    if sort is None:
        return chosen
    return sorted_by(chosen, sort, readings)


def sorted_by(rows: Sequence[RunRow], sort: str, readings: Readings, flag: str = "--sort") -> list[RunRow]:
    """Return rows by the value of a key, those without it last.

    Raises:
        UsageError: no run has the key.
    """
    key = sort.removeprefix(_DESCENDING)
    check_keys([key], readings, flag)
    keyed = [(sort_key(readings.value(row, key)), row) for row in rows]
    absent = [row for rank, row in keyed if rank[0]]
    present = [item for item in keyed if not item[0][0]]
    present.sort(key=lambda item: item[0], reverse=sort.startswith(_DESCENDING))
    return [row for _, row in present] + absent


def columns_of(rows: Sequence[RunRow], columns: str | Sequence[str]) -> tuple[list[str], list[list[Any]]]:
    """Return the names of columns and each run's values in them.

    `columns` as typed, keys with commas between, get `run` before them; keys in a sequence are taken as they are.

    Raises:
        UsageError: no run has one of the keys.
    """
    readings = Readings(rows)
    if isinstance(columns, str):
        names = split_names(columns, "--columns")
        check_keys(names, readings, "--columns")
        header = ["run", *(name for name in names if name != "run")]
    else:
        header = list(columns)
    return header, [[readings.value(row, name) for name in header] for row in rows]


def check_keys(keys: Sequence[str], readings: Readings, flag: str) -> None:
    """Let pass keys that a run has; where there are no runs, all.

    Raises:
        UsageError: names the key, and the nearest.
    """
    known = readings.keys(keys) if readings.rows else {*keys}
    for key in keys:
        if key not in known:
            raise UsageError(f"{flag} {key}: no run has the key '{key}'. {did_you_mean(key, known)}")
