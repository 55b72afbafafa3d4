"""Each preset on the main experiment, in a real process."""

import json
from pathlib import Path

import pytest

from tests.e2e.command import Ended, accelerator

MAIN_JOB = ("experiment", "train", "experiment=digits_resnet", "tracking=none")


def _train(*overrides: str, cwd: Path) -> Ended:
    ended = accelerator(*MAIN_JOB, *overrides, cwd=cwd)

    assert ended.code == 0, ended.err
    return ended


def test_overfit_says_that_the_model_fits_one_batch(tmp_path: Path) -> None:
    ended = _train("debug=overfit", cwd=tmp_path)

    summary = json.loads((Path(ended.last_line) / "summary.json").read_text())
    assert "The model fits: train/loss went from " in ended.out
    assert summary["status"] == "completed"
    assert summary["step"] < 300


def test_fast_does_a_little_of_everything(tmp_path: Path) -> None:
    folder = Path(_train("debug=fast", cwd=tmp_path).last_line)

    summary = json.loads((folder / "summary.json").read_text())
    assert summary["step"] == 4
    assert {"train/loss", "validation/loss", "test/loss"} <= set(summary["metrics"])
    assert sorted(path.name for path in (folder / "checkpoints").glob("step-*")) == ["step-00000002", "step-00000004"]


def test_profile_leaves_a_trace_and_prints_the_top(tmp_path: Path) -> None:
    ended = _train("debug=profile", cwd=tmp_path)

    trace = json.loads((Path(ended.last_line) / "profile" / "trace.json").read_text())
    assert any("conv" in event.get("name", "") for event in trace["traceEvents"])
    assert "Self CPU time total" in ended.out
    assert "aten::" in ended.out


@pytest.mark.parametrize(("preset", "steps"), [("overfit", "5"), ("fast", "2"), ("profile", "6")])
def test_the_command_line_wins_over_a_preset(preset: str, steps: str, tmp_path: Path) -> None:
    ended = accelerator(
        "experiment", "show", "experiment=digits_resnet", f"debug={preset}", f"train.steps={steps}", cwd=tmp_path
    )

    assert f"steps: {steps} " in ended.out
    assert f"# train.steps={steps}\n" in ended.out
