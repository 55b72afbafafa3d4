"""Evaluating runs."""

import shutil
from typing import Literal

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, InputError
from accelerator.experiment.evaluate import evaluate
from accelerator.runs.journal import read_journal
from accelerator.runs.run import Run


def test_an_evaluation_repeats_the_runs_own_test(trained: Project, trained_run: Run) -> None:
    outcome = evaluate("last", project=trained)

    tested = {name: value for name, value in trained_run.summary.metrics.items() if name.startswith("test/")}
    assert outcome.exit_code == 0
    assert outcome.summary.metrics == tested
    assert outcome.summary.parent == trained_run.name
    assert {"kind": "tag", "name": "accelerator.parent", "value": trained_run.name} in read_journal(
        outcome.folder.journal
    )
    assert outcome.folder.path.parent == trained_run.folder.path.parent
    assert outcome.summary.seconds > 0


def test_its_points_stand_at_the_step_of_the_checkpoint(trained: Project) -> None:
    outcome = evaluate("last", project=trained)

    (point,) = Run(outcome.folder.path).points("test/loss")
    assert (point["step"], point["epoch"]) == (10, 2)
    assert (outcome.summary.step, outcome.summary.checkpoint) == (10, "step-00000010")


@pytest.mark.parametrize(("checkpoint", "step"), [("last", 10), ("best", 5), (None, 10)])
def test_the_checkpoint_can_be_chosen(
    checkpoint: Literal["last", "best"] | None, step: int, trained: Project, trained_run: Run
) -> None:
    (trained_run.folder.checkpoints / "best").write_text("step-00000005\n", encoding="utf-8")

    assert evaluate("last", checkpoint=checkpoint, project=trained).summary.step == step


def test_without_a_choice_the_runs_own_is_used(trained: Project, trained_run: Run) -> None:
    (trained_run.folder.checkpoints / "best").write_text("step-00000005\n", encoding="utf-8")

    assert evaluate("last", ["checkpoint.use=best"], project=trained).summary.step == 5


def test_the_split_can_be_chosen(trained: Project, trained_run: Run) -> None:
    outcome = evaluate("last", split="validation", project=trained)

    assert outcome.summary.metrics.keys() == {"validation/loss", "validation/accuracy"}
    assert outcome.summary.metrics["validation/loss"] == trained_run.summary.metrics["validation/loss"]


def test_what_is_evaluated_is_said_before(trained: Project, trained_run: Run) -> None:
    lines: list[str] = []

    evaluate("last", project=trained, say=lines.append)

    assert lines[0].startswith(f"Evaluating {trained_run.folder.path}, step-00000010, on test: device cpu")


def test_a_run_without_a_checkpoint_is_an_error(trained: Project, trained_run: Run) -> None:
    shutil.rmtree(trained_run.folder.checkpoints)

    with pytest.raises(InputError, match="has no checkpoint. Name a run that has trained for longer"):
        evaluate("last", project=trained)


def test_an_evaluation_is_not_evaluated(trained: Project, trained_run: Run) -> None:
    evaluation = evaluate("last", project=trained).folder.run_id

    with pytest.raises(InputError, match=f"has no checkpoint. It evaluated {trained_run.name}: name that one"):
        evaluate(evaluation, project=trained)
    assert evaluate("last", project=trained).summary.parent == trained_run.name


def test_a_wrong_override_leaves_no_folder(trained: Project, trained_run: Run) -> None:
    with pytest.raises(ConfigError, match="has no argument 'depth'"):
        evaluate("last", ["+model.depth=3"], project=trained)

    assert list(trained_run.folder.path.parent.iterdir()) == [trained_run.folder.path]
