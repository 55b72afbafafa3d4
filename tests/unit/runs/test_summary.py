import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from accelerator.errors import StorageError
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import RunLock
from accelerator.runs.summary import Best, Summary, read_summary, write_summary


def test_the_file_has_exactly_the_fields_of_the_contract(tmp_path: Path) -> None:
    write_summary(RunFolder(tmp_path), Summary())

    assert list(json.loads((tmp_path / "summary.json").read_text())) == [
        "status",
        "epoch",
        "step",
        "metrics",
        "best",
        "seconds",
        "samples_per_second",
        "checkpoint",
        "mlflow",
        "error",
        "parent",
    ]


def test_a_summary_comes_back_as_it_was_written(tmp_path: Path) -> None:
    best = Best(metric="validation/loss", value=0.1, step=3, checkpoint="step-00000003")
    summary = Summary("completed", 2, 30, {"test/accuracy": 1 / 3, "train/loss": math.inf}, best, run_folder=tmp_path)
    write_summary(RunFolder(tmp_path), summary)

    assert read_summary(RunFolder(tmp_path)) == summary


def test_running_reads_as_running_while_the_lock_is_held_and_as_died_without(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary())
        while_held = read_summary(folder).status
    after = read_summary(folder)

    assert while_held == "running"
    assert after == replace(Summary("died"), run_folder=tmp_path)


def test_a_run_killed_before_its_first_summary_died(tmp_path: Path) -> None:
    assert read_summary(RunFolder(tmp_path)).status == "died"


def test_a_summary_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("[]")

    with pytest.raises(StorageError, match="summary.json: holds no summary"):
        read_summary(RunFolder(tmp_path))


def test_writing_leaves_no_second_file(tmp_path: Path) -> None:
    write_summary(RunFolder(tmp_path), Summary())
    write_summary(RunFolder(tmp_path), Summary(step=1))

    assert os.listdir(tmp_path) == ["summary.json"]
