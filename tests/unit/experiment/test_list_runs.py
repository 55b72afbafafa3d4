"""The rows of `list`, from run folders on the disk."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError
from accelerator.experiment.list_runs import list_runs
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.row import RunRow
from accelerator.runs.summary import Summary, write_summary


def _make_run(path: Path, summary: Summary) -> RunFolder:
    path.mkdir(parents=True)
    write_summary(RunFolder(path), summary)
    return RunFolder(path)


def test_a_project_without_runs_has_no_rows(tmp_path: Path) -> None:
    assert list_runs(Project(tmp_path)) == []


def test_a_row_tells_what_the_summary_tells(tmp_path: Path) -> None:
    path = tmp_path / "outputs" / "digits" / "20261123-101500-3fa2b1"
    folder = _make_run(path, Summary("completed", 10, 200, {"test/accuracy": 0.99}, seconds=8.5))
    (folder.checkpoints / "step-00000200").mkdir(parents=True)
    (folder.checkpoints / "step-00000200" / "state.pt").write_bytes(b"x" * 1000)

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
            size_bytes=1000 + folder.summary.stat().st_size,
            checkpoint_bytes=1000,
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


def test_keys_of_the_config_come_from_the_journal_as_resumes_changed_them_or_from_the_file(tmp_path: Path) -> None:
    of_journal, of_file = (
        _make_run(tmp_path / "outputs" / "a" / f"20261123-10150{place}-3fa2b1", Summary("completed"))
        for place in (1, 2)
    )
    for lr in (0.1, 0.01):
        writer = JournalWriter(of_journal.journal, from_step=None if lr == 0.1 else 3)
        writer.append([{"kind": "parameter", "name": "optimizer.lr", "value": lr}])
        writer.append([{"kind": "metric", "name": "train/loss", "value": 1.0, "step": 1}])
        writer.close()
    of_file.config.write_text("optimizer: {lr: 0.5}\n", encoding="utf-8")

    rows = list_runs(Project(tmp_path), where="optimizer.lr>0")

    assert [row.config()["optimizer.lr"] for row in rows] == [0.01, 0.5]


def test_a_damaged_config_is_told_and_does_not_hide_the_other_runs(tmp_path: Path) -> None:
    damaged, sound = (
        _make_run(tmp_path / "outputs" / "a" / f"20261123-10150{place}-3fa2b1", Summary("completed"))
        for place in (1, 2)
    )
    damaged.config.write_text("{", encoding="utf-8")
    sound.config.write_text("seed: 3\n", encoding="utf-8")
    said: list[str] = []

    rows = list_runs(Project(tmp_path), where="seed==3", say=said.append)

    assert [row.run_id for row in rows] == [sound.run_id]
    assert len(said) == 1 and str(damaged.config) in said[0]


def test_runs_of_sweeps_and_pipelines_are_found_too(tmp_path: Path) -> None:
    for place in (
        "digits/sweeps/20261123-101500-aaaaaa/jobs/0/run/digits",
        "pipelines/two/20261123-101500-aaaaaa/a/run",
    ):
        _make_run(tmp_path / "outputs" / place / "20261123-101502-3fa2b1", Summary("completed"))

    assert len(list_runs(Project(tmp_path))) == 2
