"""`mlflow run` in a real process: it starts our command, and finds in its own run what we logged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from accelerator.scaffold.project_template import PROJECT, project_files
from tests.e2e.command import clean_environment

pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")
NOTE = "two words, [a] {b} and a comma"
OVERRIDES = (
    f"experiment=digits_resnet model=mlp model.in_features=64 train.steps=2 \"+tags.note='{NOTE}'\" optimizer.lr=0.02"
)


@pytest.mark.timeout(200)
def test_mlflow_run_finds_in_its_own_run_what_training_logged(tmp_path: Path) -> None:
    root = tmp_path / "a project"
    root.mkdir()
    values = {"title": "A", "package": "a", "distribution": "a-project"}
    (root / "MLproject").write_text(project_files(PROJECT, values)["MLproject"])
    (root / "configs").mkdir()
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mlflow",
            "run",
            ".",
            "-e",
            "train",
            "--env-manager=local",
            "-P",
            f"overrides={OVERRIDES}",
        ],
        cwd=root,
        env=clean_environment(PATH=path, MLFLOW_DISABLE_TELEMETRY="true"),
        capture_output=True,
        text=True,
        timeout=180,
    )

    assert done.returncode == 0, done.stderr
    (run,) = MlflowClient(f"sqlite:///{root}/mlflow.db").search_runs(["0"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.project.entryPoint"] == "train"
    assert run.data.tags["note"] == NOTE
    assert run.data.params["optimizer.lr"] == "0.02"
    (summary,) = (json.loads(path.read_text()) for path in root.rglob("summary.json"))
    assert run.data.metrics["test/accuracy"] == summary["metrics"]["test/accuracy"]
    assert run.info.run_name == done.stdout.splitlines()[-1].rpartition("/")[2]
