"""Runs are chosen and sorted by fields, metrics and keys of their configs."""

from typing import Any

import pytest

from accelerator.errors import UsageError
from accelerator.runs.choosing import choose_rows, columns_of
from accelerator.runs.row import RunRow


def _row(run_id: str, lr: float, accuracy: float | None, **values: Any) -> RunRow:
    metrics = {} if accuracy is None else {"validation/accuracy": accuracy}
    config = {"optimizer.lr": lr, "name": "of the config"}
    fixed: dict[str, Any] = {
        "name": "digits",
        "status": "completed",
        "epoch": 1,
        "step": 2,
        "started": "",
        "seconds": 1.0,
    }
    return RunRow(**fixed | values, run_id=run_id, run_folder=None, error=None, metrics=metrics, config=lambda: config)


ROWS = [_row("a", 0.1, 0.5), _row("b", 0.01, None, status="failed"), _row("c", 0.001, 0.9, size_bytes=10)]


def _ids(**choice: str) -> str:
    return "".join(row.run_id for row in choose_rows(ROWS, **choice))


def test_runs_are_chosen_by_config_metric_and_field() -> None:
    assert _ids(where="optimizer.lr<0.05") == "bc"
    assert _ids(where="validation/accuracy>0.4 and not size>5") == "a"
    assert _ids(where="config.name=='of the config' and status==failed") == "b"
    assert _ids(where="name==digits") == "abc"


@pytest.mark.parametrize(
    ("sort", "order"),
    [("validation/accuracy", "acb"), ("-validation/accuracy", "cab"), ("optimizer.lr", "cba"), ("-run", "cba")],
)
def test_runs_are_sorted_and_those_without_a_value_stand_last(sort: str, order: str) -> None:
    assert _ids(sort=sort) == order


def test_a_config_is_read_only_when_a_key_needs_it() -> None:
    def refuse() -> Any:
        raise AssertionError("read")

    row = RunRow("n", "r", None, "completed", 1, 1, {"test/loss": 0.5}, "", 1.0, None, config=refuse)

    assert choose_rows([row], "test/loss<1 and status==completed", "seconds") == [row]


@pytest.mark.parametrize("flag", ["where", "sort"])
def test_a_key_of_no_run_is_wrong_and_the_nearest_is_named(flag: str) -> None:
    with pytest.raises(UsageError, match=rf"--{flag}.*no run has the key 'optimizer.lrr'. Did you mean 'optimizer.lr'"):
        choose_rows(ROWS, **{flag: "optimizer.lrr"})


def test_without_runs_no_key_is_wrong() -> None:
    assert choose_rows([], "absent<1", "absent") == []


def test_columns_begin_with_the_run() -> None:
    assert columns_of(ROWS[1:], "optimizer.lr, size,run") == (
        ["run", "optimizer.lr", "size"],
        [["b", 0.01, None], ["c", 0.001, 10]],
    )


@pytest.mark.parametrize("columns", ["", "a,,b", "sise"])
def test_columns_that_are_none_are_refused(columns: str) -> None:
    with pytest.raises(UsageError, match="--columns"):
        columns_of(ROWS, columns)
