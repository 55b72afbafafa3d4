"""What takes minutes: the main job on every seed, and one that is killed over and over, in real processes."""

import json
import random
import signal
import time
from pathlib import Path

import pytest

from accelerator.runs.run import Run
from tests.e2e.command import accelerator, await_path, start

MAIN_JOB = ("experiment", "train", "experiment=digits_resnet")
LEAST_ACCURACY = 0.985
KILLS = 20


@pytest.mark.soak
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_the_main_job_reaches_its_accuracy_whatever_the_seed(seed: int, tmp_path: Path) -> None:
    began = time.monotonic()
    ended = accelerator(*MAIN_JOB, f"seed={seed}", cwd=tmp_path)
    seconds = time.monotonic() - began

    summary = json.loads((Path(ended.last_line) / "summary.json").read_text())
    print(f"seed {seed}: test/accuracy {summary['metrics']['test/accuracy']:.4f}, whole command {seconds:.1f} s")
    assert summary["metrics"]["test/accuracy"] >= LEAST_ACCURACY
    assert summary["mlflow"] is not None


@pytest.mark.soak
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_tracked_training_within_ten_seconds(number: int, code: int, tmp_path: Path) -> None:
    command = start(*MAIN_JOB, "train.epochs=1000", cwd=tmp_path)
    await_path(tmp_path, "outputs/digits/*/checkpoints/step-*")

    command.send_signal(number)
    began = time.monotonic()
    command.communicate()
    seconds = time.monotonic() - began

    print(f"{signal.Signals(number).name}: ended in {seconds:.1f} s")
    assert (command.returncode, seconds < 10) == (code, True)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_run_that_is_killed_over_and_over_ends_as_if_it_never_was(tmp_path: Path) -> None:
    (tmp_path / "unbroken").mkdir()
    (tmp_path / "killed").mkdir()
    job = (*MAIN_JOB, "tracking=none", "train.epochs=60", "checkpoint.every=7st")
    unbroken = Path(accelerator(*job, cwd=tmp_path / "unbroken").last_line)
    delays, command = random.Random(0), job
    steps = []
    for _ in range(KILLS):
        process = start(*command, cwd=tmp_path / "killed")
        time.sleep(delays.uniform(2.5, 5.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found = list((tmp_path / "killed").glob("outputs/digits/*"))
        command = ("experiment", "resume", "last") if found else job
        steps += [Run(path).summary.step for path in found]
    last = accelerator(*command, cwd=tmp_path / "killed")

    run, other = Run(last.last_line), Run(unbroken)
    print(f"{KILLS} kills, checkpoints reached: {steps}")
    assert run.status == "completed"
    assert run.summary.metrics == other.summary.metrics
    assert [(point["step"], point["value"]) for point in run.points("train/loss")] == [
        (point["step"], point["value"]) for point in other.points("train/loss")
    ]
