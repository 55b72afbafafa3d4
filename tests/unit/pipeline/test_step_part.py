"""What a tracker is told of a step."""

from pathlib import Path

from accelerator.pipeline.outputs import Output, metrics, value
from accelerator.pipeline.state import PipelineState, Source, StepState
from accelerator.pipeline.step_part import part_of_step
from accelerator.runs.parts import Gave, Origin

HERE, BEFORE = Path("/out/pipelines/two/20261123-101500-000001"), Path("/out/pipelines/two/20261122-101500-000009")
HERE_RUN, BEFORE_RUN = f"{HERE}/.run/{HERE.name}", f"{BEFORE}/.run/{BEFORE.name}"
TRAINED = f"{BEFORE}/steps/pretrain/run/digits/20261122-101501-00000a"
SKIPPED = StepState(
    "pretrain", state="skipped", run_folder=TRAINED, skipped_from=str(BEFORE), skipped_step="warm up", reason="same"
)
SCORED = StepState(
    "score",
    "step",
    "mine",
    "ran",
    folder=f"{HERE}/steps/score",
    inputs=(
        Source("weights", "pretrain", "checkpoint.best", f"{TRAINED}/checkpoints/step-1", "ab"),
        Source("password", value="hunter22"),
        Source("many", value=list(range(1000)), hash="ef"),
    ),
    outputs={"scores": metrics({"test/loss": 0.5}), "count": value(3), "file": Output("file", "/x", "cd")},
    attempts=2,
)
STATE = PipelineState("two", steps=(SKIPPED, SCORED), folder=HERE)


def test_an_input_names_who_made_it_and_no_secret_and_nothing_endless() -> None:
    weights, password, many = part_of_step(STATE, "score", False).came_in

    assert (weights.output, weights.hash) == ("checkpoint.best", "ab")
    assert weights.origin == Origin(BEFORE_RUN, "warm up", TRAINED)
    assert (password.origin, password.value.count("hunter22")) == (None, 0)
    assert (len(many.value), many.value[-1], many.hash) == (500, "…", "ef")


def test_a_step_that_ran_tells_what_it_gave() -> None:
    part = part_of_step(STATE, "score", False)

    assert (part.name, part.state, part.folder, part.has_run) == ("score", "ran", f"{HERE}/steps/score", False)
    assert part.metrics == {"test/loss": 0.5}
    assert part.gave["count"] == Gave("value", "3", "")
    assert part.tags == {"kind": "step", "uses": "mine", "folder": f"{HERE}/steps/score", "attempts": "2"}


def test_a_skipped_step_names_whose_outputs_are_used_and_makes_no_run() -> None:
    part = part_of_step(STATE, "pretrain", True)

    assert (part.state, part.has_run, part.run_folder) == ("skipped", False, None)
    assert part.taken_from == Origin(BEFORE_RUN, "warm up", TRAINED)


def test_a_step_that_this_pipeline_did_itself_before_it_was_killed_is_one_that_ran() -> None:
    step = StepState("score", state="skipped", run_folder="/r", skipped_from=str(HERE), skipped_step="score")
    other = StepState("again", state="skipped", skipped_from=str(HERE), skipped_step="score")
    state = PipelineState("two", steps=(step, other), folder=HERE)

    part, same = part_of_step(state, "score", True), part_of_step(state, "again", True)

    assert (part.state, part.taken_from, part.run_folder, part.has_run) == ("ran", None, "/r", True)
    assert (same.state, same.taken_from) == ("skipped", Origin(HERE_RUN, "score"))
