"""The process of one registered step, run in this process: what it gives, and what it refuses."""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accelerator.pipeline.run_step import main
from accelerator.pipeline.state import outputs_from_json
from accelerator.pipeline.step_folder import StepFolder, encode_paths

PYPROJECT = """
[project]
name = "mine"
[project.entry-points."accelerator.pipeline_step"]
table = "my_steps:Table"
sums = "my_steps:sums"
numbers = "my_steps:numbers"
"""
STEPS = '''
import json
from pathlib import Path

import numpy

from accelerator.config.declared import gives
from accelerator.pipeline.outputs import Output, metrics


@gives("table", "count")
class Table:
    """Writes its inputs down."""

    def __init__(self, scale=1.0, fault=""):
        self.scale, self.fault = scale, fault

    def __call__(self, inputs, step_context):
        step_context.log.info("attempt %d of %s", step_context.attempt, step_context.name)
        if self.fault == "raise":
            raise ValueError("the table is upside down, token=hunter2")
        path = step_context.folder / "table.json"
        if self.fault != "no file":
            path.write_text(json.dumps([self.scale * value for value in inputs["values"]]))
        given = {"table": path, "count": len(inputs["values"])}
        if self.fault == "no count":
            del given["count"]
        if self.fault == "object":
            given["count"] = object()
        if self.fault == "nan":
            given["count"] = [1.0, float("nan")]
        if self.fault == "type":
            given["count"] = Output("model", "x")
        if self.fault == "no path":
            given["count"] = Output("file", 3)
        if self.fault == "scores":
            given["count"] = Output("metrics", [1.0])
        return None if self.fault == "nothing" else given


def sums(inputs, step_context):
    """Is itself a step."""
    return {"sum": sum(json.loads(inputs["table"].read_text()))}


def numbers(inputs, step_context):
    """Gives numbers of numpy, and back what came in."""
    scores = metrics({"a": float("nan"), "b": -float("inf"), "c": numpy.float32(0.5)})
    return {"one": numpy.float32(0.5), "many": [numpy.int64(3)], "scores": scores, "came": repr(inputs["scores"])}
'''


@pytest.fixture
def step(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFolder]:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    (project / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (project / "my_steps.py").write_text(STEPS, encoding="utf-8")
    folder = StepFolder(project / "steps" / "one")
    folder.path.mkdir(parents=True)
    yield folder
    sys.modules.pop("my_steps", None)


def run(folder: StepFolder, node: dict[str, Any], inputs: dict[str, Any]) -> int:
    task = {
        "name": "one",
        "pipeline": "p",
        "project": str(folder.path.parents[1]),
        "trust": [],
        "node": node,
        "inputs": encode_paths(inputs),
        "launch": None,
        "attempt": 1,
    }
    folder.task.write_text(json.dumps(task), encoding="utf-8")
    return main([str(folder.path)])


def test_a_step_writes_down_what_it_gives(step: StepFolder) -> None:
    code = run(step, {"_target_": "table", "scale": 2.0}, {"values": [1, 2]})

    assert code == 0
    assert json.loads((step.files / "table.json").read_text()) == [2.0, 4.0]
    assert json.loads(step.outputs.read_text()) == {
        "table": {"type": "file", "value": str(step.files / "table.json"), "hash": "", "checkpoints_hash": ""},
        "count": {"type": "value", "value": 2, "hash": "", "checkpoints_hash": ""},
    }


def test_a_function_is_a_step_and_gets_files_as_paths(step: StepFolder) -> None:
    table = step.path / "in.json"
    table.write_text("[1, 2, 4]")

    code = run(step, {"_target_": "sums"}, {"table": table})

    assert code == 0
    assert json.loads(step.outputs.read_text())["sum"]["value"] == 7


def test_numbers_come_and_go_as_numbers_also_those_of_numpy_and_metrics_that_are_not_finite(step: StepFolder) -> None:
    code = run(step, {"_target_": "numbers"}, {"scores": {"a": math.nan, "b": -math.inf}})
    given = outputs_from_json(json.loads(step.outputs.read_text()))

    assert code == 0
    assert (given["one"].value, given["many"].value) == (0.5, [3])
    assert math.isnan(given["scores"].value.pop("a")) and given["scores"].value == {"b": -math.inf, "c": 0.5}
    assert given["came"].value == "{'a': nan, 'b': -inf}"


REFUSED = [
    ("nothing", "Step 'one' returned NoneType, and a mapping of its outputs by name is needed"),
    ("no file", "Step 'one' left no output 'table': there is no "),
    ("no count", "Step 'one' left no output 'count', which its @gives declares. It gave: table. Return it"),
    ("object", "Step 'one' gave a object as 'count', which cannot be written down"),
    ("nan", "Step 'one' gave nan as 'count', which cannot be written down. Give a finite number, a text"),
    ("type", "Step 'one' gave as 'count' an Output of type 'model' that holds a str. Make it with file(path), "),
    ("no path", "Step 'one' gave as 'count' an Output of type 'file' that holds a int."),
    ("scores", "Step 'one' gave as 'count' an Output of type 'metrics' that holds a list."),
]


@pytest.mark.parametrize(("fault", "text"), REFUSED)
def test_what_a_step_gives_is_looked_at(
    step: StepFolder, fault: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(step, {"_target_": "table", "fault": fault}, {"values": [1]})

    assert code == 1
    assert text in capsys.readouterr().err
    assert not step.outputs.exists()


def test_what_a_step_raises_ends_it_with_a_traceback_and_without_secrets(
    step: StepFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(step, {"_target_": "table", "fault": "raise"}, {"values": [1]})

    error = capsys.readouterr().err
    assert code == 1
    assert error.splitlines()[-1] == "ValueError: the table is upside down, token=***"
    assert "Traceback" in error and "hunter2" not in error


def test_a_step_that_cannot_be_built_is_wrong_input(step: StepFolder, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(step, {"_target_": "table", "sclae": 2.0}, {"values": [1]})

    assert code == 2
    assert "has no argument 'sclae'" in capsys.readouterr().err
