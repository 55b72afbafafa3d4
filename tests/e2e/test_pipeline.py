"""Pipelines in real processes: from any working folder, stopped by signals, done in a moment when all is done."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import accelerator, await_path, clean_environment, modules_imported_by, start
from tests.unit.pipeline.conftest import make_steps

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_reaches_the_step_and_the_same_command_goes_on(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    steps = make_steps(tmp_path / "project")
    steps.write("fault_first", "Path('begun').touch()\ntime.sleep(0 if step_context.attempt > 1 else 1000)")
    process = start("pipeline", "run", "sums", cwd=steps.root)
    await_path(steps.root, "begun")

    process.send_signal(number)
    out, err = process.communicate(timeout=200)

    assert (process.returncode, out.count("first: interrupted, it was interrupted")) == (code, 1)
    assert err == "To go on: accelerator pipeline run sums\n"
    ended = accelerator("pipeline", "run", "sums", cwd=steps.root)
    assert ended.code == 0
    assert "first 2" in steps.calls()


def test_run_pipe_runs_from_any_folder_and_needs_no_torch(tmp_path: Path) -> None:
    steps = make_steps(tmp_path / "project")
    steps.write("run_pipe.py", (ROOT / "run_pipe.py").read_text(encoding="utf-8"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, str(steps.root / "run_pipe.py"), "pipeline=sums", "--until", "first"]

    done = subprocess.run(command, cwd=elsewhere, env=clean_environment(), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1])
    assert folder.is_relative_to(steps.root)
    assert json.loads((folder / "pipeline.json").read_text())["status"] == "completed"
    loaded = modules_imported_by("pipeline", "run", "digits_two_stage", "--plan", cwd=steps.root)
    assert not {"torch", "mlflow", "pyarrow"} & loaded
