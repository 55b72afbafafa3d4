"""A pipeline of four steps on the digits, killed at random places and given again until it is done."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.command import clean_environment

MAIN = "defaults:\n  - base\n  - _self_\n  - experiment: null\n  - override /tracking: none\n"
PIPELINE = """
name: four
steps:
  pretrain: {experiment: digits_resnet, overrides: [train.steps=24]}
  finetune:
    experiment: digits_resnet
    overrides: [optimizer.lr=1e-3, train.steps=12]
    inputs: {weights: "${step_output:pretrain.checkpoint.last}"}
  evaluate: {step: evaluate, inputs: {run: "${step_output:finetune.run}"}}
  write:
    step:
      _target_: command
      command: [python, -c, "import sys; open(sys.argv[2], 'w').write(sys.argv[1])", "{input:loss}", "{output:loss}"]
      outputs: {loss: loss.txt}
    inputs: {loss: "${step_output:evaluate.metrics.test/loss}"}
"""
SMALL = ("model=mlp", "checkpoint.every=4st", "train.validate_every=8st", "loader.batch_size=32")


def make_project(root: Path) -> Path:
    """Make the project's files."""
    (root / "configs" / "pipeline").mkdir(parents=True)
    (root / "configs" / "main.yaml").write_text(MAIN)
    (root / "configs" / "pipeline" / "four.yaml").write_text(PIPELINE)
    return root


def run_killed(project: Path, seed: int, kills: int, span_s: float) -> list[str]:
    """Give the command again and again, killed so often after a random while; return what was said at the end."""
    draw = random.Random(seed)
    for _ in range(kills):
        process = _start(project)
        time.sleep(draw.uniform(0.5, span_s))
        everything = draw.random() < 0.5  # the runner alone, or its steps too
        victims = [process.pid, *(_steps_of(process.pid) if everything else [])]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.communicate()
    process = _start(project)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, f"{out}\n{err}"
    return out.splitlines()


def results(project: Path) -> dict[str, Any]:
    """Return what the newest pipeline's steps gave that does not name a place."""
    folder = max((project / "outputs/pipelines/four").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    state = json.loads((folder / "pipeline.json").read_text())
    metrics = {step["name"]: step["outputs"]["metrics"]["value"] for step in state["steps"][:3]}
    (written,) = [step["outputs"]["loss"]["value"] for step in state["steps"][3:]]
    return {"metrics": metrics, "written": Path(written).read_text(), "status": state["status"]}


def _start(project: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "accelerator", "pipeline", "run", "four", *SMALL],
        cwd=project,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _steps_of(pid: int) -> list[int]:
    children = psutil.Process(pid).children(recursive=True)
    return [child.pid for child in children]
