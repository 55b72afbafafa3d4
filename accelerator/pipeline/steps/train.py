"""The step `train`: a training that a list of overrides describes."""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.config.declared import gives
from accelerator.experiment.train import train
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished, override, overrides_of
from accelerator.pipeline.trained_outputs import trained_outputs
from accelerator.runs.listing import list_runs
from accelerator.runs.run import Run
from accelerator.runs.summary import COMPLETED


@gives("run", "metrics", "checkpoint", composes="overrides")
class Train:
    """Trains and tests a model, and goes on from its last checkpoint when it was cut off.

    Each input sets the config key of its name (`weights`). Gives `run`, `metrics`, and the folders `checkpoint.best`
    and `checkpoint.last`; `checkpoint` is the one that `checkpoint.use` says.

    Args:
        overrides: as on the command line (`experiment=digits_resnet`, `train.epochs=2`).
    """

    def __init__(self, overrides: Sequence[str] = ()) -> None:
        self.overrides = tuple(overrides)

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Train, or go on; a training that was complete before the step could say so is not repeated."""
        complete = [item for item in list_runs(step_context.folder) if item.status == COMPLETED]
        if complete:
            return trained_outputs(complete[-1])
        given = [override(key, value) for key, value in inputs.items()]
        outcome = train(
            overrides_of([*self.overrides, *given], step_context),
            project=step_context.project,
            resume="auto",
            say=step_context.log.info,
        )
        return {**finished(outcome), **trained_outputs(Run(outcome.folder.path))}
