"""A table of runs as a file: CSV, Parquet or a page. A file that is there is never replaced."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from accelerator.errors import UsageError, did_you_mean
from accelerator.runs.files import json_ready, write_new

Page = Callable[[], str]
SUFFIXES = (".csv", ".parquet", ".html")


def new_file(output: str, suffixes: Sequence[str] = SUFFIXES) -> Path:
    """Return the file that `--output` names.

    Raises:
        UsageError: it has another ending, or there is such a file or no such folder.
    """
    path = Path(output).expanduser().absolute()
    if path.suffix.lower() not in suffixes:
        guess = did_you_mean(path.suffix.lower(), suffixes)
        raise UsageError(f"--output {output}: its ending says what is written, and '{path.suffix}' is none. {guess}")
    if path.exists() or path.is_symlink():
        raise UsageError(f"--output {output}: exists already. Name another file, or remove that one.")
    if not path.parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {path.parent}. Make it, or name another file.")
    return path


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]], page: Page) -> None:
    """Write a table to a file of `new_file`; its ending says how.

    Args:
        path: the file.
        header: the names of the columns.
        rows: plain values; None where there is none.
        page: makes the page, for `.html`.

    Raises:
        UsageError: there is such a file by now.
        StorageError: the disk refuses.
    """
    kind = path.suffix.lower()
    if kind == ".html":
        content = page().encode("utf-8")
    else:
        content = _parquet(header, rows) if kind == ".parquet" else _csv(header, rows)
    write_new(path, content)


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *([_plain(value) for value in row] for row in rows)])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _parquet(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    import pyarrow as pa  # 0.2 s, and only who writes Parquet needs it
    from pyarrow import parquet

    columns = [_column([row[place] for row in rows]) for place in range(len(header))]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({name: pa.array(column) for name, column in zip(header, columns, strict=True)}), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _column(values: Sequence[Any]) -> Sequence[Any]:
    """Return values of one type: whole numbers, numbers, truth values, or else texts."""
    types = {type(value) for value in values if value is not None}
    if types <= {bool} or types <= {int} and all(abs(value) < 2**63 for value in values if value is not None):
        return values
    if types <= {int, float}:
        return [None if value is None else _float(value) for value in values]
    return [None if value is None else str(_plain(value)) for value in values]


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _plain(value: Any) -> Any:
    """Return a value as a cell: JSON for lists and mappings, true and false as configs have them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(json_ready(value)) if isinstance(value, Mapping | list) else value
