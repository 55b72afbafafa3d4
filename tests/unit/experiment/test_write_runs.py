"""Tables of runs as files."""

import csv
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from accelerator.errors import UsageError
from accelerator.experiment.write_runs import write_runs
from accelerator.runs.files import write_new
from accelerator.runs.row import RunRow


def _row(run_id: str, metrics: dict[str, float], **values: Any) -> RunRow:
    seed = {"seed": len(run_id), "flag": True}
    return RunRow("<b>", run_id, None, "completed", 1, 20, metrics, "", 75.0, None, config=lambda: seed, **values)


ROWS = [
    _row("a", {"test/loss": 0.5, "test/accuracy": 0.125}, size_bytes=4096, checkpoint_bytes=1024),
    _row("bb", {"test/loss": float("nan")}),
]


def test_csv_holds_every_field_and_metric_in_full(tmp_path: Path) -> None:
    path = write_runs(ROWS, str(tmp_path / "a.csv"))

    with open(path, encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["run"], first["size"], first["test/accuracy"]) == ("a", "4096", "0.125")
    assert (second["checkpoints"], second["test/loss"], second["test/accuracy"]) == ("", "nan", "")


def test_parquet_holds_typed_columns(tmp_path: Path) -> None:
    path = write_runs(ROWS, str(tmp_path / "a.parquet"), "seed,flag,test/accuracy")

    table = parquet.read_table(path)
    assert table.to_pylist() == [
        {"run": "a", "seed": 1, "flag": True, "test/accuracy": 0.125},
        {"run": "bb", "seed": 2, "flag": True, "test/accuracy": None},
    ]
    assert [str(item.type) for item in table.schema] == ["string", "int64", "bool", "double"]


def test_a_page_shows_figures_as_people_read_them_and_escapes_names(tmp_path: Path) -> None:
    text = Path(write_runs(ROWS, str(tmp_path / "a.html"))).read_text(encoding="utf-8")

    assert [part for part in ("4 KiB", "1 min 15 s", "0.125", "&lt;b&gt;", "<code>bb</code>") if part not in text] == []
    assert "<b>&lt;" not in text and "http" not in text


@pytest.mark.parametrize(
    ("name", "message"),
    [("there.csv", "exists already"), ("a.xlsx", "'.xlsx' is none.*Known"), ("absent/a.csv", "there is no folder")],
)
def test_a_file_that_cannot_be_written_so_is_refused(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match=message):
        write_runs(ROWS, str(tmp_path / name))
    assert (tmp_path / "there.csv").read_text(encoding="utf-8") == "mine"


def test_a_file_that_came_at_this_moment_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("theirs", encoding="utf-8")

    with pytest.raises(UsageError, match="exists already"):
        write_new(tmp_path / "a", b"ours")
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_text() == "theirs"
