"""What is asked of a step, and what is said when it gave something else."""

import math
from pathlib import Path

import pytest

from accelerator.config.pipeline_config import StepConfig
from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.pipeline.content_hash import ContentHashes
from accelerator.pipeline.inputs import resolve_inputs
from accelerator.pipeline.outputs import Output, metrics, run, value
from tests.unit.pipeline.conftest import Steps, output_of, states

GIVEN = {"run": run(Path("/runs/a")), "metrics": metrics({"test/loss": 0.5}), "count": value(3)}


def resolve(asked: str, given: dict[str, Output], root: Path) -> object:
    """Return what comes in as `x` when that is asked of the step `first`."""
    step = StepConfig("sum", None, {"_target_": "total"}, inputs={"x": f"${{step_output:first.{asked}}}"})
    return resolve_inputs(step, {"first": given}, Project(root), ContentHashes(root / "hashes.json")).values["x"]


def test_a_text_that_a_step_gave_is_no_path_and_a_figure_stays_a_number(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a")
    given = {"text": value(str(file)), "metrics": metrics({"loss": math.inf})}
    inputs = {"x": "${step_output:first.text}", "y": "${step_output:first.metrics.loss}", "z": str(file)}
    step = StepConfig("sum", None, {"_target_": "total"}, inputs=inputs)

    found = resolve_inputs(step, {"first": given}, Project(tmp_path), ContentHashes(tmp_path / "hashes.json"))

    assert found.values == {"x": str(file), "y": math.inf, "z": file}
    assert [source.is_path for source in found.sources] == [False, False, True]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            "metrics.test/los",
            "steps.sum.inputs.x: the step 'first' gave no 'metrics.test/los'. Did you mean 'metrics.test/loss'? "
            "Known: count, metrics, metrics.test/loss, run. Write ${step_output:first.metrics.test/loss} there.",
        ),
        (
            "tabel",
            "steps.sum.inputs.x: the step 'first' gave no 'tabel'. Known: count, metrics, metrics.test/loss, run",
        ),
        (
            "checkpoint.best",
            "steps.sum.inputs.x: the step 'first' left no checkpoint best: /runs/a. Have it keep one: "
            "checkpoint.keep_best=1, checkpoint.every=1ep.",
        ),
    ],
)
def test_what_a_step_did_not_give_is_said_with_what_it_gave(tmp_path: Path, asked: str, text: str) -> None:
    assert resolve("metrics.test/loss", GIVEN, tmp_path) == 0.5

    with pytest.raises(InputError) as caught:
        resolve(asked, GIVEN, tmp_path)

    assert str(caught.value).startswith(text)


def test_it_fails_the_step_that_asks_and_is_told_before_anything_runs_once_it_is_known(steps: Steps) -> None:
    steps.change("configs/pipeline/sums.yaml", "second.table", "second.tabel")

    ended = steps.run()

    assert states(ended.state) == {"first": "ran", "second": "ran", "other": "ran", "sum": "failed"}
    assert ended.exit_code == 1
    text = "steps.sum.inputs.table: the step 'second' gave no 'tabel'. Did you mean 'table'?"
    assert ended.state.step("sum").reason.startswith(text)
    with pytest.raises(InputError, match="the step 'second' gave no 'tabel'"):
        steps.run()


def test_the_value_of_an_environment_variable_reaches_the_step_and_is_written_nowhere(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_FACTOR", "7.25")
    monkeypatch.setenv("NUMBERS_NAME", "numbers")
    monkeypatch.setenv("HIDDEN_NOTE", "nobody-knows")
    inputs = "{numbers: 'data/${oc.env:NUMBERS_NAME}.txt', deep: [{a: 'x-${vars.note}'}], token: '${vars.note}'}"
    steps.change("configs/pipeline/sums.yaml", "name: sums", "name: sums\nvars: {note: '${oc.env:HIDDEN_NOTE}'}")
    steps.change(
        "configs/pipeline/sums.yaml",
        "first: {step: table, inputs: {numbers: data/numbers.txt}}",
        f"first: {{step: {{_target_: table, scale: '${{oc.decode:${{oc.env:FIRST_FACTOR}}}}'}}, inputs: {inputs}}}",
    )
    steps.write("fault_first", "(step_context.project.root / 'seen').write_text(inputs['deep'][0]['a'][-8:])")

    ended = steps.run(only="first")

    table = Path(output_of(ended.state, "first", "table")).read_text()
    assert (table, (steps.root / "seen").read_text()) == ("7.25 14.5 29.0", "dy-knows")
    written = [path for path in (steps.root / "outputs").rglob("*.*") if path.is_file() and path.name != "table.txt"]
    assert [path for path in written if b"7.25" in path.read_bytes() or b"nobody" in path.read_bytes()] == []
    assert steps.plan(only="first")[0][1:] == ("skip", "nothing has changed")
    monkeypatch.setenv("HIDDEN_NOTE", "somebody-knows")
    assert steps.plan(only="first")[0][1:] == ("run", "environment variable HIDDEN_NOTE has another value")
    steps.write("data/numbers.txt", "5")
    assert steps.plan(only="first")[0][2].startswith("input numbers: ")
