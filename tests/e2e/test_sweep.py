"""Sweeps as users start them, with real launchers and sweepers, on both lines of Hydra."""

import json
import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from accelerator.runs.processes import identify
from accelerator.runs.run import Run
from tests.e2e.command import accelerator, start

QUICK = (
    "experiment=digits_resnet",
    "model=mlp",
    "model.in_features=64",
    "tracking=none",
    "loader.batch_size=256",
    "train.epochs=1",
)
SWEEP = ("experiment", "sweep", *QUICK)
LAST_CHECKPOINTS = "outputs/*/sweeps/*/jobs/*/run/*/*/checkpoints/last"


def jobs_of(folder: Path) -> list[dict[str, Any]]:
    """Return the jobs of a sweep as its `sweep.json` has them."""
    jobs: list[dict[str, Any]] = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))["jobs"]
    return jobs


def test_a_failed_job_does_not_end_the_sweep_and_jobs_may_run_side_by_side(project: Path) -> None:
    experiment = project / "configs" / "experiment" / "side_by_side.yaml"
    experiment.write_text(
        "# @package _global_\ndefaults: [digits_resnet, override /model: mlp, override /hydra/launcher: joblib]\n"
        "model: {in_features: 64}\nloader: {batch_size: 256}\ntrain: {epochs: 1}\n"
        "tracking: {log_model: false}\n"
        "hydra:\n  launcher: {n_jobs: 2}\n  sweeper: {params: {optimizer.lr: '1e38,0.01'}}\n",
        encoding="utf-8",
    )

    ended = accelerator("experiment", "sweep", "experiment=side_by_side", cwd=project)

    assert ended.code == 1, ended.err
    assert [job["state"] for job in jobs_of(Path(ended.last_line))] == ["failed", "completed"]
    told = [Run(path.parent).choices()["model"] for path in Path(ended.last_line).glob("jobs/*/run/*/*/summary.json")]
    assert told == ["mlp", "mlp"]
    assert "Job 0 failed:" in ended.err
    assert "--resume" in ended.out
    assert (Path(ended.last_line) / "sweep.png").exists()
    assert "out of reach" not in ended.out
    statuses, parent_of = _store_when_all_has_arrived(project / "mlflow.db", 3)
    (parent,) = set(statuses) - set(parent_of)
    assert set(parent_of.values()) == {parent}
    assert sorted(statuses[child] for child in parent_of) == ["FAILED", "FINISHED"]
    assert statuses[parent] == "FAILED"


def test_optuna_draws_on_the_next_line_of_hydra_and_goes_on_with_the_same_draws(
    project: Path, hydra14: dict[str, str]
) -> None:
    optuna = ("optimizer.lr=interval(0.001,0.1)", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=2")
    next_line = {"PYTHONPATH": hydra14["PYTHONPATH"]}

    ended = accelerator(*SWEEP, *optuna, cwd=project, variables=next_line)

    folder = Path(ended.last_line)
    jobs = jobs_of(folder)
    assert ended.code == 0, ended.err
    assert [job["state"] for job in jobs] == ["completed", "completed"]
    assert all(0.001 <= float(job["overrides"][0].partition("=")[2]) <= 0.1 for job in jobs)

    shutil.rmtree(folder / "jobs" / "1" / "run")  # as if it had been killed before the last
    state = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    (folder / "sweep.json").write_text(json.dumps({**state, "complete": False}), encoding="utf-8")
    resumed = accelerator("experiment", "sweep", "--resume", str(folder), cwd=project, variables=next_line)

    assert resumed.code == 0, resumed.err
    assert [job["overrides"] for job in jobs_of(folder)] == [job["overrides"] for job in jobs]
    assert jobs_of(folder)[0] == jobs[0]
    assert jobs_of(folder)[1]["run_folder"] != jobs[1]["run_folder"]


def test_a_sweep_that_was_killed_waits_for_its_orphan_and_sigterm_saves_that(project: Path) -> None:
    killed = start(*SWEEP, "train.epochs=100000", "seed=1,2", cwd=project)
    _wait_for(project, LAST_CHECKPOINTS)
    killed.kill()
    killed.communicate(timeout=200)
    (folder,) = project.glob("outputs/*/sweeps/*")
    orphan = int((folder / "jobs" / "0" / "pid").read_text(encoding="ascii"))

    process = start("experiment", "sweep", "--resume", str(folder), cwd=project)
    _wait_for(folder, "hydra/*/sweep.yaml", newer_than=time.time())
    time.sleep(1)  # time enough to do a job twice
    was_alive = identify(orphan) is not None
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=200)

    assert process.returncode == 143, err
    assert was_alive
    assert identify(orphan) is None
    assert f"accelerator experiment sweep --resume {folder}\n" in out
    assert [job["state"] for job in jobs_of(folder)] == ["interrupted", "waiting"]
    assert len(list(folder.glob("jobs/*/run/*/*/journal/*"))) == 1


def test_ctrl_c_saves_all_jobs_that_run_and_the_sweep_goes_on_where_it_stopped_on_frozen_configs(project: Path) -> None:
    experiment = project / "configs" / "experiment" / "mine.yaml"
    text = "# @package _global_\ndefaults: [digits_resnet, override /model: mlp, override /hydra/launcher: joblib]\n"
    text += "model: {in_features: 64}\nhydra: {launcher: {n_jobs: 2}}\n"
    experiment.write_text(f"{text}train: {{epochs: 100000}}\nvars: {{note: then}}\n", encoding="utf-8")
    named = "+vars.token=${oc.env:SWEEP_TOKEN}"
    with_token = {"SWEEP_TOKEN": "hunter22"}
    command = ("experiment", "sweep", "experiment=mine", "tracking=none", "seed=1,2,3", named)
    process = start(*command, cwd=project, as_group=True, **with_token)
    _wait_for(project, LAST_CHECKPOINTS, count=2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=200)

    folder = Path(out.splitlines()[-1])
    assert process.returncode == 130, err
    assert f"accelerator experiment sweep --resume {folder} '{named}'" in out
    assert [job["state"] for job in jobs_of(folder)] == ["interrupted", "interrupted", "waiting"]
    assert not list(folder.glob("jobs/*/pid"))

    for path in folder.glob("jobs/**/config.yaml"):  # so that the rest takes a moment
        path.write_text(path.read_text(encoding="utf-8").replace("epochs: 100000", "epochs: 1"), encoding="utf-8")
    experiment.write_text("broken", encoding="utf-8")
    resumed = accelerator("experiment", "sweep", "--resume", str(folder), named, cwd=project, variables=with_token)

    assert resumed.code == 0, resumed.err
    assert [job["state"] for job in jobs_of(folder)] == ["completed"] * 3
    assert len(list(folder.glob("jobs/*/run/*/*/summary.json"))) == 3
    assert all("note: then" in path.read_text(encoding="utf-8") for path in folder.glob("jobs/*/config.yaml"))
    assert not [path for path in folder.rglob("*") if path.is_file() and b"hunter22" in path.read_bytes()]


def _store_when_all_has_arrived(path: Path, num_runs: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return the status and the parent of each run: what carries them outlives the command on a busy machine."""
    deadline = time.monotonic() + 200
    with closing(sqlite3.connect(path)) as store:
        while True:
            statuses = dict(store.execute("select run_uuid, status from runs"))
            parents = dict(store.execute("select run_uuid, value from tags where key = 'mlflow.parentRunId'"))
            if (len(statuses) == num_runs and "RUNNING" not in statuses.values()) or time.monotonic() > deadline:
                return statuses, parents
            time.sleep(0.2)


def _wait_for(root: Path, pattern: str, newer_than: float = 0.0, count: int = 1) -> None:
    deadline = time.monotonic() + 200
    while sum(path.stat().st_mtime >= newer_than for path in root.glob(pattern)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.2)
