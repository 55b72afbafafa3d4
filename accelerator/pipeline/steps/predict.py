"""The step `predict`: what a trained run predicts, as Parquet."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from accelerator.config.declared import gives
from accelerator.experiment.predict import predict
from accelerator.pipeline.outputs import Output, file
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished
from accelerator.pipeline.steps.trained_input import call_on_trained, file_anew


@gives("run", "predictions", needs=("run", "checkpoint"))
class Predict:
    """Writes what the input `run` (or `checkpoint`) predicts, and gives the file `predictions` and its own `run`.

    Args:
        split: what to predict for.
        checkpoint: which of the run's; None: what its `checkpoint.use` says.
        overrides: on top of the run's own config.
        file: the name of the file in the step's folder.
    """

    def __init__(
        self,
        split: Literal["validation", "test"] = "test",
        checkpoint: Literal["last", "best"] | None = None,
        overrides: Sequence[str] = (),
        file: str = "predictions.parquet",
    ) -> None:
        self.split = split
        self.checkpoint = checkpoint
        self.overrides = tuple(overrides)
        self.file = file

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Predict; a file of an attempt before this one is made anew."""
        path = file_anew(self.file, step_context)
        outcome = call_on_trained(
            predict, inputs, self.checkpoint, self.overrides, step_context, output=path, split=self.split
        )
        return {"run": finished(outcome)["run"], "predictions": file(path)}
