"""What is printed when a run has ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from accelerator.cli.outcome import metric_rows, print_outcome, print_synced
from accelerator.experiment.outcome import Outcome
from accelerator.experiment.sync import Synced
from accelerator.runs.delivery import Delivery
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Best, Summary

FOLDER = RunFolder(Path("/runs/my digits/20261123-101500-3fa2b1"))
ALL_THERE = Delivery(12, 0, False, "sqlite:////runs/mlflow.db", None, finished="completed")
UNTRACKED = Delivery(0, 0, False, None, None, finished="untracked")
OPEN = "mlflow ui --backend-store-uri sqlite:////runs/mlflow.db"
DONE = Outcome(
    FOLDER,
    Summary(
        "completed",
        metrics={"test/accuracy": 0.9916666, "train/loss": 0.5, "optimizer/lr": 1e-5, "validation/loss": float("nan")},
        best=Best(metric="validation/loss", value=0.25, step=20, checkpoint="step-00000020"),
    ),
    ALL_THERE,
    OPEN,
)


def test_a_completed_run_shows_its_metrics_its_best_and_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    code = print_outcome(DONE)

    assert code == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "metric             value",
        "train/loss           0.5",
        "validation/loss      nan",
        "test/accuracy    0.99167",
        "optimizer/lr       1e-05",
        "Best checkpoint: step-00000020, validation/loss 0.25",
        f"To look at it: {OPEN}",
        str(FOLDER.path),
    ]


def test_a_failed_run_says_why_on_stderr_and_where_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    failed = replace(DONE.summary, status="failed", best=None)

    code = print_outcome(replace(DONE, summary=failed, exit_code=1, reason="The disk is full.", open_command=None))

    assert code == 1
    out, err = capsys.readouterr()
    assert err == f"The run failed: The disk is full.\nThe traceback is in {FOLDER.log}\n"
    assert out == f"{FOLDER.path}\n"


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stopped = Summary("interrupted", step=30, checkpoint="step-00000030")
    folder = RunFolder(tmp_path / "my digits" / "20261123-101500-3fa2b1")
    (folder.checkpoints / "step-00000030").mkdir(parents=True)

    code = print_outcome(Outcome(folder, stopped, UNTRACKED, exit_code=130))

    assert code == 130
    assert capsys.readouterr().out.splitlines() == [
        f"Interrupted after step 30, saved as step-00000030. To go on: accelerator experiment resume '{folder.path}'",
        str(folder.path),
    ]


def test_an_interrupted_evaluation_is_to_be_done_again(capsys: pytest.CaptureFixture[str]) -> None:
    stopped = Summary("interrupted", step=30, checkpoint="step-00000030", parent="20261123-101500-3fa2b1")

    print_outcome(Outcome(FOLDER, stopped, UNTRACKED, exit_code=130))

    assert capsys.readouterr().out.splitlines() == [
        "Interrupted, and not done: give the command again.",
        str(FOLDER.path),
    ]


@pytest.mark.parametrize(
    ("unsent", "error", "text"),
    [
        (3, "The server is gone.", "3 records (The server is gone)"),
        (3, None, "3 records"),
        (0, None, "the run's end"),
    ],
)
def test_what_the_tracker_lacks_is_named_with_the_command_to_send_it(
    unsent: int, error: str | None, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = Delivery(12, unsent, True, None, error)

    code = print_outcome(replace(DONE, delivery=lacking, open_command=None))

    assert code == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"Not in the tracker yet: {text}. To send it: "
        f"accelerator experiment sync '/runs/my digits/20261123-101500-3fa2b1'",
        str(FOLDER.path),
    ]


def test_metrics_stand_in_the_order_of_the_splits() -> None:
    names = ["test/loss", "train/loss", "system/cpu", "validation/a", "train/a"]

    assert [name for name, _ in metric_rows(dict.fromkeys(names, 1.0))] == [
        *("train/a", "train/loss", "validation/a", "test/loss", "system/cpu"),
    ]


def test_a_synced_run_says_how_much_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    code = print_synced(Synced(FOLDER, ALL_THERE, OPEN, has_arrived=True))

    assert code == 0
    assert capsys.readouterr().out == f"All is there: 12 records of {FOLDER.path}\nTo look at it: {OPEN}\n"


def test_a_run_that_is_not_tracked_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    code = print_synced(Synced(FOLDER, UNTRACKED, None, has_arrived=True))

    assert code == 0
    assert "is not tracked (tracking=none): there is nothing to send." in capsys.readouterr().out


def test_what_stays_unsent_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    code = print_synced(Synced(FOLDER, Delivery(0, 3, False, None, "no answer"), None, has_arrived=False))

    assert code == 1
    assert "3 records (no answer)" in capsys.readouterr().err
