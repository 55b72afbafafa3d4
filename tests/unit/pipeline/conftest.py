"""A project with steps of its own that cost nothing, and its pipelines planned and run in this process."""

from pathlib import Path
from typing import Any

import pytest

from accelerator.config.project import Project
from accelerator.pipeline.ending import PipelineOutcome
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.plan_pipeline import plan_pipeline
from accelerator.pipeline.run_pipeline import run_pipeline
from accelerator.pipeline.selection import Selection
from accelerator.pipeline.state import PipelineState

PYPROJECT = """
[project]
name = "mine"
version = "1.0"
[project.entry-points."accelerator.pipeline_step"]
table = "my_steps:Table"
total = "my_steps:total"
"""
STEPS = '''
import os
import time
from pathlib import Path

from my_helpers import multiply


class Table:
    """Writes numbers to a file; `fault` in the project says what goes wrong."""

    def __init__(self, scale: float = 1.0, pause_s: float = 0.0) -> None:
        self.scale, self.pause_s = scale, pause_s

    def __call__(self, inputs, step_context):
        with (step_context.project.root / "calls.txt").open("a") as calls:
            calls.write(f"{step_context.name} {step_context.attempt}\\n")
        fault = step_context.project.root / f"fault_{step_context.name}"
        if fault.exists():
            exec(fault.read_text())
        time.sleep(self.pause_s)
        numbers = Path(inputs["numbers"]).read_text().split()
        path = step_context.folder / "table.txt"
        path.write_text(" ".join(multiply(number, self.scale) for number in numbers))
        return {"table": path, "count": len(numbers)}


def total(inputs, step_context):
    """Adds up a table."""
    with (step_context.project.root / "calls.txt").open("a") as calls:
        calls.write(f"{step_context.name} {step_context.attempt}\\n")
    return {"total": sum(map(float, inputs["table"].read_text().split()))}
'''
HELPERS = "def multiply(number, scale):\n    return str(float(number) * scale)\n"
MAIN = "defaults:\n  - base\n  - _self_\n  - experiment: null\n  - override /tracking: none\n"
PIPELINE = """
name: sums
steps:
  first: {step: table, inputs: {numbers: data/numbers.txt}}
  second:
    step: {_target_: table, scale: 2.0}
    inputs: {numbers: "${step_output:first.table}"}
  other: {step: {_target_: table, scale: 3.0}, inputs: {numbers: data/numbers.txt}}
  sum: {step: total, inputs: {table: "${step_output:second.table}", note: /a/text/that/names/no/file}}
"""


class Steps:
    """The project's pipeline `sums`, to be changed, planned and run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said: list[str] = []

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file of the project, which is there."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def plan(self, *overrides: str, **flags: str) -> list[tuple[str, str, str]]:
        """Return what would be done with each step, and why; the project's folder is written as `PROJECT`."""
        planned = plan_pipeline(
            "sums", overrides, selection=_selection(flags), project=Project(self.root), say=self.said.append
        )
        return [(item.name, item.action, item.reason.replace(str(self.root), "PROJECT")) for item in planned.decisions]

    def run(self, *overrides: str, **flags: str) -> PipelineOutcome:
        """Run it in this process; its steps have processes of their own."""
        return run_pipeline(
            "sums", overrides, selection=_selection(flags), project=Project(self.root), say=self.said.append
        )

    def calls(self) -> list[str]:
        """Return which steps were called since the last look, with their attempts."""
        path = self.root / "calls.txt"
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return found


def _selection(flags: dict[str, str]) -> Selection:
    return Selection(**flags)


def states(state: PipelineState) -> dict[str, str]:
    """Return the state of each step."""
    return {step.name: step.state for step in state.steps}


def output_of(state: PipelineState, step: str, name: str) -> Any:
    """Return what a step gave."""
    found: Output = state.step(step).outputs[name]
    return found.value


def make_steps(root: Path) -> Steps:
    """Make the pipeline `sums` in a folder: first -> second -> sum, and `other` beside them."""
    made = Steps(root)
    for name, text in (
        ("pyproject.toml", PYPROJECT),
        ("my_steps.py", STEPS),
        ("my_helpers.py", HELPERS),
        ("configs/main.yaml", MAIN),
        ("configs/pipeline/sums.yaml", PIPELINE),
        ("data/numbers.txt", "1 2 4"),
    ):
        made.write(name, text)
    return made


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    """Return the pipeline `sums` of a project of its own; its steps have processes, as a user's have."""
    return make_steps(tmp_path / "project")
