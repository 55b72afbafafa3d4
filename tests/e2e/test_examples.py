"""The examples, run as a user runs them."""

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.command import clean_environment

EXAMPLES = Path(__file__).parents[2] / "examples"


def _run_example(name: str, *arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_python_api(tmp_path: Path) -> None:
    overrides = ("train.epochs=1", "tracking=none", "callback.progress=null")

    out = _run_example("python_api.py", *overrides, cwd=tmp_path)

    assert re.search(r"^completed after 20 steps: test accuracy 0\.\d+$", out, re.MULTILINE)
    assert re.search(r"^seen: \[(\d, ){7}\d\] recognised: \[(\d, ){7}\d\]$", out, re.MULTILINE)
    assert len(list((tmp_path / "outputs" / "digits").iterdir())) == 2


def test_training_without_a_config(tmp_path: Path) -> None:
    out = _run_example("without_config.py", cwd=tmp_path)

    accuracy = re.search(r"accuracy (0\.\d+); everything is in (.*)$", out)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.8
    assert Path(accuracy[2], "summary.json").is_file()
