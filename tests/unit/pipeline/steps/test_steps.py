"""Steps called in this process: each gives what it declares, in its own folder, and says what is wrong."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from accelerator.config.compose import compose
from accelerator.config.declared import declared_by
from accelerator.config.project import Project
from accelerator.errors import InputError, RunFailedError
from accelerator.experiment.load_model import load_model
from accelerator.pipeline.outputs import Output, read_outputs
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.evaluate import Evaluate
from accelerator.pipeline.steps.export import Export
from accelerator.pipeline.steps.outcomes import override
from accelerator.pipeline.steps.predict import Predict
from accelerator.pipeline.steps.train import Train
from accelerator.pipeline.steps.trained_input import trained_input
from accelerator.runs.run import Run
from tests.unit.experiment.conftest import QUICK

ContextOf = Callable[[Project], StepContext]
MLP = (*QUICK, "model.in_features=64")


def call(step: Any, inputs: dict[str, Any], step_context: StepContext) -> dict[str, Output]:
    """Call a step, and read what it gives as its process does."""
    declared = declared_by(type(step))
    assert declared is not None
    return read_outputs(step(inputs, step_context), declared.names, "one")


def test_evaluate_measures_the_run_in_a_folder_of_the_step(
    trained: Project, trained_run: Run, context_of: ContextOf
) -> None:
    context = context_of(trained)

    outputs = call(Evaluate(), {"run": trained_run.folder.path}, context)

    own = Run(Path(outputs["run"].value))
    assert own.folder.path.is_relative_to(context.folder)
    assert own.parent == trained_run.name
    accuracy = trained_run.summary.metrics["test/accuracy"]
    assert outputs["metrics"].type == "metrics" and outputs["metrics"].value["test/accuracy"] == accuracy


def test_predict_and_export_give_files_and_make_them_anew_when_tried_again(
    trained: Project, trained_run: Run, context_of: ContextOf
) -> None:
    context = context_of(trained)
    for name in ("predictions.parquet", "model.safetensors"):
        (context.folder / name).write_text("of an attempt that was killed")

    predicted = call(Predict("validation"), {"run": trained_run.folder.path}, context)
    exported = call(Export(), {"run": trained_run.folder.path}, context)

    assert pq.read_metadata(predicted["predictions"].value).num_rows == 179
    assert exported["metrics"].value == {"export/max_abs_difference": 0.0}
    assert load_model(exported["model"].value, project=trained.root).layers is not None
    assert {predicted["predictions"].type, exported["model"].type} == {"file"}


def test_train_trains_from_its_inputs_and_gives_checkpoints(
    trained: Project, trained_run: Run, context_of: ContextOf
) -> None:
    weights = trained_run.folder.checkpoints / "step-00000010"

    outputs = call(Train([*MLP, "train.epochs=1"]), {"weights": weights}, context_of(trained))

    run = Run(Path(outputs["run"].value))
    assert (run.status, run.config["weights"]) == ("completed", str(weights))
    assert outputs["checkpoint"] == outputs["checkpoint.last"]
    assert outputs["checkpoint.best"].value == str(run.folder.checkpoints / "step-00000005")
    assert outputs["metrics"].value == run.summary.metrics


def test_train_goes_on_with_what_was_cut_off_and_repeats_nothing_that_is_complete(
    trained: Project, context_of: ContextOf
) -> None:
    context = context_of(trained)
    (trained.root / "pyproject.toml").write_text('[project]\nname = "cutting"\n')
    (trained.root / "cutting.py").write_text(
        "from accelerator import Callback\n\n\nclass Cut(Callback):\n"
        "    def on_batch_start(self, context):\n"
        "        if context.state.step == 7:\n            raise RuntimeError('cut off')\n"
    )
    step = Train([*MLP, "train.epochs=2", "+callback.cut={_target_: cutting.Cut}"])

    with pytest.raises(RunFailedError, match=r"RuntimeError: cut off. The traceback is in .*log.txt"):
        step({}, context)
    (trained.root / "cutting.py").write_text("from accelerator import Callback\n\n\nclass Cut(Callback):\n    pass\n")
    sys.modules.pop("cutting")
    resumed = call(step, {}, context)
    again = call(step, {}, context)

    assert Run(Path(resumed["run"].value)).summary.step == 10
    assert again == resumed
    assert len(list(context.folder.glob("digits/*"))) == 1


def test_wrong_input_is_told_as_such(trained: Project, trained_run: Run, context_of: ContextOf) -> None:
    (trained.root / "pyproject.toml").write_text('[project]\nname = "broken_step"\n')
    (trained.root / "broken_step.py").write_text(
        "from accelerator.domain.cross.tasks import ClassificationTask\n\n\n"
        "class Broken(ClassificationTask):\n"
        "    def prediction_step(self, context, batch):\n        return {'score': 1.0}\n"
    )
    step = Predict(overrides=["task._target_=broken_step.Broken"])

    with pytest.raises(InputError, match="'score' has a single value"):
        step({"run": trained_run.folder.path}, context_of(trained))


def test_a_checkpoint_names_its_run_and_which_of_it(trained_run: Run) -> None:
    checkpoints = trained_run.folder.checkpoints
    (checkpoints / "best").write_text("step-00000005\n")

    found = trained_input({"checkpoint": checkpoints / "step-00000005"}, None)

    assert found == (str(trained_run.folder.path), "best")
    assert trained_input({"run": "last"}, "best") == ("last", "best")


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({}, "needs the input run or checkpoint; these came: none"),
        ({"weights": 1}, "these came: weights. Write inputs: {run: "),
        ({"run": "a", "checkpoint": "b"}, "both came"),
        ({"checkpoint": "/nowhere/checkpoints/step-1"}, "is neither the best nor the last checkpoint of its run"),
    ],
)
def test_what_names_no_trained_run_is_refused(inputs: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        trained_input(inputs, None)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.5,
        "plain",
        "it's, [a] {b: c}=d",
        "ends in a backslash\\",
        "a\\'b\\\\'c",
        ["a b", 1, None],
        {"x": "y z", "n": [1.5]},
        Path("/a path"),
    ],
)
def test_an_override_sets_just_the_value(value: Any, project: Path) -> None:
    config = compose([f"+{override('vars.x', value)}"], project=Project(project))

    assert config.vars.x == (str(value) if isinstance(value, Path) else value)
