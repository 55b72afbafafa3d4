"""A pipeline of all steps that ship, on the digits; killed at random places and given again until it is done."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.command import clean_environment

ROOT = Path(__file__).parents[2]
MAIN = "defaults:\n  - base\n  - _self_\n  - experiment: null\n  - override /tracking: none\n"
EXPERIMENT = """\
# @package _global_
defaults:
  - digits_resnet
  - override /model: mlp
  - _self_
model: {in_features: 64}
train: {epochs: 1}
checkpoint: {every: 4st}
"""
PIPELINE = """\
name: shipped
steps:
  data:
    step: {_target_: analyze_data, overrides: [experiment=quick]}
  model:
    step: {_target_: analyze_model, overrides: [experiment=quick]}
  train:
    step: {_target_: train, overrides: [experiment=quick]}
  tune:
    experiment: quick
    overrides: [optimizer.lr=1e-3]
    inputs: {weights: "${step_output:train.checkpoint.best}"}
  measure:
    step: {_target_: evaluate, split: validation}
    inputs: {checkpoint: "${step_output:tune.checkpoint.best}"}
  copy:
    step: {_target_: command, command: "cp {input:run}/summary.json {output:copy}", outputs: {copy: copy.json}}
    inputs: {run: "${step_output:measure.run}"}
  predict:
    step: predict
    inputs: {run: "${step_output:train.run}"}
  export:
    step: export
    inputs: {run: "${step_output:train.run}"}
"""
FOUR = ("train", "tune", "measure", "copy")
"""The steps that are run when it is killed."""
RUN_PIPE = ("run_pipe.py", "pipeline=shipped", "--until", "copy")
MLFLOW_RUN = (
    *("-m", "mlflow", "run", ".", "-e", "pipeline", "--env-manager=local"),
    *("-P", "overrides=pipeline=shipped", "-P", "until=copy"),
)
_OF_MLFLOW = {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}


def make_project(root: Path) -> Path:
    """Make the project's files."""
    for group in ("experiment", "pipeline"):
        (root / "configs" / group).mkdir(parents=True)
    (root / "configs" / "main.yaml").write_text(MAIN)
    (root / "configs" / "experiment" / "quick.yaml").write_text(EXPERIMENT)
    (root / "configs" / "pipeline" / "shipped.yaml").write_text(PIPELINE)
    for name in ("run_pipe.py", "MLproject"):
        shutil.copy(ROOT / name, root)
    return root


def run_killed(project: Path, seed: int, forms: Sequence[Sequence[str]], span_s: float) -> str:
    """Give the command in one form after the other, each but the last killed after a while; return its output."""
    draw = random.Random(seed)
    for form in forms[:-1]:
        process = _start(project, form)
        _await_runner(process)
        time.sleep(draw.uniform(0.5, span_s))
        _kill(process, with_steps=draw.random() < 0.5)
    process = _start(project, forms[-1])
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, f"{out}\n{err}"
    return out


def results(project: Path) -> dict[str, Any]:
    """Return what the four steps of the newest pipeline gave that does not name a place."""
    folder = max((project / "outputs/pipelines/shipped").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    state = json.loads((folder / "pipeline.json").read_text())
    steps = {step["name"]: step for step in state["steps"] if step["name"] in FOUR}
    metrics = {name: steps[name]["outputs"]["metrics"]["value"] for name in FOUR[:-1]}
    copied = json.loads(Path(steps["copy"]["outputs"]["copy"]["value"]).read_text())
    return {"metrics": metrics, "copied": copied["metrics"]}


def _start(project: Path, form: Sequence[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *form],
        cwd=project,
        env=clean_environment(**_OF_MLFLOW),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _await_runner(process: "subprocess.Popen[str]") -> None:
    """Wait for the pipeline's own process: `mlflow run` first makes its store and its run."""
    while process.poll() is None and not any(map(_is_runner, _family(process))):
        time.sleep(0.05)


def _is_runner(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        words = process.cmdline()
        return "mlflow" not in words and any("mlproject" in word or "run_pipe.py" in word for word in words)
    return False


def _kill(process: "subprocess.Popen[str]", *, with_steps: bool) -> None:
    """Kill whatever was started; steps, which have sessions of their own, only when they are to be killed too."""
    family = _family(process)
    for item in family if with_steps else [item for item in family if _session(item.pid) == os.getsid(0)]:
        with suppress(psutil.NoSuchProcess):
            item.send_signal(signal.SIGKILL)
    process.communicate()


def _family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    try:
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0
