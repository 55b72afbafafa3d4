"""The rows of `list`, from run folders on the disk."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError
from accelerator.experiment.list_runs import RunRow, list_runs
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary


def _make_run(path: Path, summary: Summary) -> RunFolder:
    path.mkdir(parents=True)
    write_summary(RunFolder(path), summary)
    return RunFolder(path)


def test_a_project_without_runs_has_no_rows(tmp_path: Path) -> None:
    assert list_runs(Project(tmp_path)) == []


def test_a_row_tells_what_the_summary_tells(tmp_path: Path) -> None:
    path = tmp_path / "outputs" / "digits" / "20261123-101500-3fa2b1"
    _make_run(path, Summary("completed", 10, 200, {"test/accuracy": 0.99}, seconds=8.5))

    assert list_runs(Project(tmp_path)) == [
        RunRow(
            name="digits",
            run_id="20261123-101500-3fa2b1",
            run_folder=str(path),
            status="completed",
            epoch=10,
            step=200,
            metrics={"test/accuracy": 0.99},
            started="2026-11-23 10:15:00",
            seconds=8.5,
            error=None,
        )
    ]


def test_rows_are_in_the_order_of_their_start_whatever_their_names(tmp_path: Path) -> None:
    _make_run(tmp_path / "outputs" / "a" / "20261123-101502-3fa2b1", Summary("completed"))
    _make_run(tmp_path / "outputs" / "group" / "b" / "20261123-101501-3fa2b1", Summary("completed"))

    assert [row.name for row in list_runs(Project(tmp_path))] == ["group/b", "a"]


def test_a_run_without_a_living_process_died(tmp_path: Path) -> None:
    _make_run(tmp_path / "outputs" / "a" / "20261123-101502-3fa2b1", Summary("running"))

    assert [row.status for row in list_runs(Project(tmp_path))] == ["died"]


def test_a_damaged_summary_does_not_hide_the_other_runs(tmp_path: Path) -> None:
    damaged = _make_run(tmp_path / "outputs" / "a" / "20261123-101501-3fa2b1", Summary("completed"))
    damaged.summary.write_text("{", encoding="utf-8")
    _make_run(tmp_path / "outputs" / "a" / "20261123-101502-3fa2b1", Summary("completed"))

    rows = list_runs(Project(tmp_path))

    assert [row.status for row in rows] == ["unreadable", "completed"]
    assert str(damaged.summary) in (rows[0].error or "")


def test_a_renamed_folder_has_no_start(tmp_path: Path) -> None:
    _make_run(tmp_path / "outputs" / "a" / "the-good-one", Summary("completed"))

    assert [row.started for row in list_runs(Project(tmp_path))] == [""]


def test_the_output_root_of_the_project_is_read(tmp_path: Path) -> None:
    configs = tmp_path / "configs" / "paths"
    configs.mkdir(parents=True)
    (configs / "default.yaml").write_text("output: elsewhere\ndata: data\n", encoding="utf-8")
    _make_run(tmp_path / "elsewhere" / "a" / "20261123-101502-3fa2b1", Summary("completed"))

    assert [row.name for row in list_runs(Project(tmp_path))] == ["a"]


def test_a_project_that_does_not_compose_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "main.yaml").write_text("defaults: [bass]\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="there is no config 'bass'"):
        list_runs(Project(tmp_path))


@pytest.mark.parametrize(
    ("metrics", "shown"),
    [
        (["test/loss", "test/loss_a", "test/accuracy", "validation/loss"], ["test/loss", "test/accuracy"]),
        (["validation/loss", "train/loss"], ["validation/loss"]),
        (["train/loss", "optimizer/lr"], ["train/loss"]),
        (["optimizer/lr"], []),
    ],
)
def test_the_main_metrics_are_those_of_the_last_split_that_was_measured(
    metrics: list[str], shown: list[str], tmp_path: Path
) -> None:
    values = dict.fromkeys(metrics, 0.5)
    _make_run(tmp_path / "outputs" / "a" / "20261123-101502-3fa2b1", Summary("completed", metrics=values))

    (row,) = list_runs(Project(tmp_path))

    assert list(row.main_metrics) == shown


def test_a_value_that_is_no_number_is_a_string_in_json(tmp_path: Path) -> None:
    path = tmp_path / "outputs" / "a" / "20261123-101502-3fa2b1"
    _make_run(path, Summary("failed", metrics={"train/loss": float("nan")}))

    (row,) = list_runs(Project(tmp_path))

    assert row.to_json()["metrics"] == {"train/loss": "nan"}
