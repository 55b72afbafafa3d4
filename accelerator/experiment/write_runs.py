"""The table of `list` as a file."""

import time
from collections.abc import Sequence

from accelerator.experiment.late import late
from accelerator.experiment.write_table import new_file, write_table
from accelerator.runs.choosing import columns_of
from accelerator.runs.row import RunRow

_ON_A_PAGE = ("name", "run", "status", "epoch", "step")
_AT_ITS_END = ("started", "seconds", "size", "checkpoints")


def write_runs(rows: Sequence[RunRow], output: str, columns: str | None = None, source: str = "") -> str:
    """Write runs as a table and return the file's path.

    Without `columns` CSV and Parquet hold all fields and every metric, a page the fields and metrics to look at first.

    Args:
        rows: the runs, in their order.
        output: a new file that ends in .csv, .parquet or .html.
        columns: keys with commas between.
        source: where the runs are from, for the page.

    Raises:
        UsageError: the file cannot be named so, is there already, or no run has a key.
        StorageError: the disk refuses.
    """
    path = new_file(output)
    header, values = columns_of(rows, columns or _default_columns(rows, path.suffix.lower() == ".html"))
    made = f"{source}{time.strftime('%Y-%m-%d %H:%M')}"
    write_table(path, header, values, lambda: late("runs_page", "runs_page", "report")(header, values, rows, made))
    return str(path)


def _default_columns(rows: Sequence[RunRow], is_page: bool) -> Sequence[str]:
    if is_page:
        metrics = dict.fromkeys(name for row in rows for name in row.main_metrics)
        return [*_ON_A_PAGE, *metrics, *_AT_ITS_END]
    metrics = dict.fromkeys(name for row in rows for name in row.metrics)
    rest = ("samples_per_second", "best", "parent", "error")
    return [*_ON_A_PAGE, *_AT_ITS_END, *rest, *metrics]
