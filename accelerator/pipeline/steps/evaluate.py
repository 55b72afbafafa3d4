"""The step `evaluate`: a trained run measured on a split."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from accelerator.config.declared import gives
from accelerator.experiment.evaluate import evaluate
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished, overrides_of
from accelerator.pipeline.steps.trained_input import Alias, trained_input


@gives("run", "metrics")
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
        checkpoint: Alias | None = None,
        overrides: Sequence[str] = (),
    ) -> None:
        self.split = split
        self.checkpoint = checkpoint
        self.overrides = tuple(overrides)

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Evaluate the run."""
        reference, alias = trained_input(inputs, self.checkpoint)
        outcome = evaluate(
            reference,
            overrides_of(self.overrides, step_context),
            split=self.split,
            checkpoint=alias,
            project=step_context.project,
            say=step_context.log.info,
        )
        return finished(outcome)
