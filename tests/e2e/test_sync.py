"""A tracker that is out of reach while a run trains, and what `sync` brings it later."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.command import Ended, accelerator, modules_imported_by

QUICK = ("experiment=digits_resnet", "model=mlp", "model.in_features=64", "train.epochs=1")
NOBODY_THERE = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def untold(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    root = tmp_path_factory.mktemp("project")
    return accelerator("experiment", "train", *QUICK, cwd=root, variables=NOBODY_THERE)


def test_training_is_not_disturbed_and_says_what_is_unsent(untold: Ended) -> None:
    folder = Path(untold.last_line)

    assert (untold.code, untold.err) == (0, "")
    assert json.loads((folder / "summary.json").read_text())["status"] == "completed"
    assert "Not in the tracker yet: " in untold.out
    assert f"To send it: accelerator experiment sync {folder}\n" in untold.out


def test_what_stays_unsent_exits_1_and_what_arrives_0(untold: Ended) -> None:
    folder = Path(untold.last_line)
    root = folder.parents[2]

    failed = accelerator("experiment", "sync", "last", cwd=root, variables=NOBODY_THERE)
    imported = modules_imported_by("experiment", "sync", "last", cwd=root)
    again = accelerator("experiment", "sync", str(folder), cwd=root)

    assert (failed.code, failed.out) == (1, "")
    assert "Not in the tracker yet: " in failed.err
    assert imported & {"torch", "numpy", "mlflow"} == set()
    assert again.code == 0
    assert again.out.startswith("All is there: ")
    connection = sqlite3.connect(root / "mlflow.db")
    assert connection.execute("select name, status from runs").fetchall() == [(folder.name, "FINISHED")]
    connection.close()


def test_an_unknown_run_exits_2(tmp_path: Path) -> None:
    ended = accelerator("experiment", "sync", "last", cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert "RUN = 'last': there is no run in " in ended.err
