"""`accelerator pipeline …` in this process: what is printed, the exit codes, and what is refused."""

import json
from pathlib import Path

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from tests.unit.pipeline.conftest import Steps, make_steps


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    made = make_steps(tmp_path / "project")
    monkeypatch.chdir(made.root)
    return made


def run(*arguments: str) -> int:
    return run_command(GROUPS, ["pipeline", *arguments])


def test_a_pipeline_is_run_shown_and_cleaned(
    steps: Steps, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.write("fault_second", "raise ValueError('upside down: ../a.')")
    assert run("status") == 0
    assert "No pipeline has run here yet" in capsys.readouterr().out

    assert run("run", "sums") == 1
    ran = capsys.readouterr()
    assert "second: failed, ValueError: upside down: ../a." in ran.out
    assert "Step second failed: ValueError: upside down: ../a. What it printed: " in ran.err
    assert ran.err.endswith("To go on: accelerator pipeline run sums\n")

    assert run("status", "--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert [step["state"] for step in shown["steps"]] == ["ran", "failed", "ran", "waiting"]
    assert Path(ran.out.splitlines()[-1], "pipeline.json").is_file()
    assert run("status") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "To go on: accelerator pipeline run sums"
    with monkeypatch.context() as elsewhere:
        elsewhere.chdir("/")
        assert run("status", "--project", str(steps.root)) == 0
    told = f"To go on: accelerator pipeline run sums --project {steps.root}"
    assert capsys.readouterr().out.splitlines()[-1] == told

    assert run("clean", "sums", "--all", "--dry_run") == 0
    assert "To be removed without --dry_run: 4 files. Runs and outputs stay." in capsys.readouterr().out
    assert run("clean", "sums", "--all") == 0
    assert "Removed 4 files." in capsys.readouterr().out
    assert run("run", "pipeline=sums", "--plan") == 0
    assert "first   run     it has not been run yet" in capsys.readouterr().out
    assert run("clean") == 0
    assert "Removed " in capsys.readouterr().out


def test_a_pipeline_that_was_run_to_another_output_is_shown_and_cleaned_there(
    steps: Steps, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = f"paths.output={tmp_path / 'else where'}"
    assert run("run", "sums", elsewhere) == 0
    capsys.readouterr()

    assert run("status", "--json", elsewhere) == 0
    assert [item["name"] for item in json.loads(capsys.readouterr().out)] == ["sums"]
    assert run("status") == 0
    assert "No pipeline has run here yet" in capsys.readouterr().out
    assert run("clean", "sums", elsewhere, "--all") == 0
    assert f"{tmp_path / 'else where'}/pipelines/.cache/steps/" in capsys.readouterr().out
    assert run("clean", "train.epochs=2") == 2
    told = (
        "train.epochs=2: says nothing about where pipelines lie, as paths.output=DIR does, and a pipeline is named by"
    )
    assert capsys.readouterr().err == f"{told} its name alone. Leave it out.\n"


def test_a_pipeline_that_cannot_be_read_is_told_beside_the_others(
    steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    state = steps.root / "outputs/pipelines/sums/20261123-101500-3fa2b1/pipeline.json"
    state.parent.mkdir(parents=True)
    state.write_text("junk")

    assert (run("status"), run("status", "--json")) == (0, 0)
    printed = capsys.readouterr()
    assert printed.out == "[]\n"
    assert printed.err.count(f"{state}: ") == 2


REFUSED = [
    (["run"], "accelerator pipeline run needs the name of a pipeline"),
    (["run", "sums", "pipeline=other"], "two pipelines are named, sums and other"),
    (["run", "summs"], "there is no pipeline 'summs'. Did you mean 'sums'?"),
    (["run", "sums", "frist:scale=1"], "frist:scale=1: there is no step 'frist'. Did you mean 'first'?"),
    (
        ["run", "sums", "optimizer.lr=1"],
        "optimizer.lr=1: goes to experiments, and no step of this pipeline is one. Write STEP:optimizer.lr=1 for the "
        "argument of a step, or leave it out.",
    ),
    (
        ["run", "sums", "first:inputs.numbers=x"],
        "first:inputs (command line): my_steps.Table has no argument 'inputs'.",
    ),
    (["run", "sums", "pipeline.paralel=2"], "paralel"),
    (
        ["run", "sums", "pipeline.parallel=0"],
        "pipeline.parallel = 0 (command line): must be a whole number of at least 1",
    ),
    (["run", "sums", "pipeline.steps.first.retries=-1"], "pipeline.steps.first.retries = -1 (command line)"),
    (["run", "sums", "pipeline.steps.first.time_limit=5"], "must be a time: 45s, 30min or 2h"),
    (["run", "sums", "first:sclae=2"], "has no argument 'sclae'"),
    (["run", "sums", "first:pause_s='{a'"], "first"),
    (["run", "sums", "--only", ","], "--only needs the name of a step. Known: first, other, second, sum."),
    (["status", "summs"], "No pipeline 'summs' has run here."),
]


@pytest.mark.parametrize(("arguments", "text"), REFUSED)
def test_what_is_wrong_is_told_before_anything_runs(
    steps: Steps, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert text in capsys.readouterr().err
    assert not (steps.root / "outputs").exists()
