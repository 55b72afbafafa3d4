"""The main job in real processes: trained, tracked, stopped, failed."""

import json
import re
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import Ended, accelerator, await_path, start

MAIN_JOB = ("experiment", "train", "experiment=digits_resnet")
QUICK = (*MAIN_JOB, "model=mlp", "model.in_features=64", "tracking=none")
FILES = {"config.yaml", "overrides.yaml", "provenance.json", "environment.json", "summary.json", "log.txt", "journal"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def trained(project: Path) -> Ended:
    return accelerator(*MAIN_JOB, "train.epochs=2", "optimizer.lr=0.01", cwd=project)


def test_the_main_job_trains_and_prints_its_metrics(trained: Ended) -> None:
    assert (trained.code, trained.err) == (0, "")
    accuracy = re.search(r"^test/accuracy +([0-9.]+)$", trained.out, re.MULTILINE)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.5
    assert "Training with device " in trained.out
    assert re.search(r"^Best checkpoint: step-\d{8}, validation/loss ", trained.out, re.MULTILINE)


def test_the_last_line_is_the_run_folder(trained: Ended, project: Path) -> None:
    path = Path(trained.last_line)

    assert path.parent == project / "outputs" / "digits"
    assert {item.name for item in path.iterdir()} >= FILES
    assert json.loads((path / "summary.json").read_text())["status"] == "completed"
    assert "experiment=digits_resnet" in yaml.safe_load((path / "overrides.yaml").read_text())


def test_the_run_is_in_mlflow_when_the_command_ends(trained: Ended, project: Path) -> None:
    store = project / "mlflow.db"
    summary = json.loads((Path(trained.last_line) / "summary.json").read_text())

    connection = sqlite3.connect(store)
    rows = connection.execute("select run_uuid, status from runs").fetchall()
    connection.close()

    assert rows == [(summary["mlflow"]["run_id"], "FINISHED")]
    assert f"mlflow ui --backend-store-uri sqlite:///{store}" in trained.out


def test_all_problems_are_told_at_once_before_torch_is_imported(tmp_path: Path) -> None:
    form = (sys.executable, "-X", "importtime", "-m", "accelerator")

    ended = accelerator(*MAIN_JOB, "train.epochs=0", "model._target_=restnet8", cwd=tmp_path, form=form)

    assert (ended.code, ended.out) == (2, "")
    assert "train.epochs = 0 (command line): must be at least 1" in ended.err
    assert "Did you mean 'resnet8'?" in ended.err
    assert re.search(r"\| +torch$", ended.err, re.MULTILINE) is None
    assert not (tmp_path / "outputs").exists()


def test_what_cannot_be_built_exits_2_without_a_run_folder(tmp_path: Path) -> None:
    ended = accelerator(*QUICK, "+model.depth=3", cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert "has no argument 'depth'" in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "outputs").exists()


def test_a_loss_that_is_not_finite_exits_1_and_says_which(tmp_path: Path) -> None:
    ended = accelerator(*QUICK, "optimizer.lr=1e38", cwd=tmp_path)

    folder = Path(ended.last_line)
    assert ended.code == 1
    assert ended.err.startswith("The run failed: train/loss (cross_entropy) is ")
    assert ended.err.endswith(f"The traceback is in {folder / 'log.txt'}\n")
    assert "Traceback" not in ended.err
    assert "Traceback" in (folder / "log.txt").read_text()
    assert json.loads((folder / "summary.json").read_text())["status"] == "failed"


def test_a_dry_run_says_what_it_did_in_one_line_and_writes_nothing(tmp_path: Path) -> None:
    ended = accelerator(*MAIN_JOB, "--dry_run", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"Dry run: .* one step on 64 real samples.* Nothing was written.\n", ended.out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code", "tracking"), [(signal.SIGINT, 130, "mlflow"), (signal.SIGTERM, 143, "none")]
)
def test_a_signal_saves_and_ends(number: int, code: int, tracking: str, tmp_path: Path) -> None:
    command = start(*MAIN_JOB, "train.epochs=1000", f"tracking={tracking}", cwd=tmp_path)
    await_path(tmp_path, "outputs/digits/*/checkpoints/step-*")

    command.send_signal(number)
    out, err = command.communicate(timeout=200)

    folder = Path(out.splitlines()[-1])
    summary = json.loads((folder / "summary.json").read_text())
    assert (command.returncode, err, summary["status"]) == (code, "", "interrupted")
    assert (folder / "checkpoints" / "last").read_text().strip() == summary["checkpoint"]
    assert f"To go on: accelerator experiment resume {folder}" in out
    assert _processes_of(folder) == []


def _processes_of(folder: Path) -> list[str]:
    """Return the command lines of living processes that name the folder, some seconds after the command's end."""
    for _ in range(300):
        found = [text for text in map(_command_line, Path("/proc").glob("[0-9]*")) if str(folder) in text]
        if not found:
            return []
        time.sleep(0.1)
    return found


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:  # it has just ended
        return ""
