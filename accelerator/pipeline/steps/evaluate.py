"""The step `evaluate`: a trained run measured on a split."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from accelerator.config.declared import gives
from accelerator.experiment.evaluate import evaluate
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished
from accelerator.pipeline.steps.trained_input import call_on_trained


@gives("run", "metrics", needs=("run", "checkpoint"))
class Evaluate:
    """Measures the input `run` (or `checkpoint`), and gives the `metrics` and the evaluation's own `run`.

    Args:
        split: what to evaluate on.
        checkpoint: which of the run's; None: what its `checkpoint.use` says.
        overrides: on top of the run's own config.
    """

    def __init__(
        self,
        split: Literal["validation", "test"] = "test",
        checkpoint: Literal["last", "best"] | None = None,
        overrides: Sequence[str] = (),
    ) -> None:
        self.split = split
        self.checkpoint = checkpoint
        self.overrides = tuple(overrides)

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Evaluate the run."""
        outcome = call_on_trained(evaluate, inputs, self.checkpoint, self.overrides, step_context, split=self.split)
        return finished(outcome)
