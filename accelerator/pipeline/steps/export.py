"""The step `export`: a trained run's model in a file for others."""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.config.declared import gives
from accelerator.experiment.export import SUFFIXES, Format, export
from accelerator.pipeline.outputs import Output, file
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished, overrides_of
from accelerator.pipeline.steps.trained_input import Alias, trained_input


@gives("run", "model", "metrics")
class Export:
    """Writes the model of the input `run` (or `checkpoint`), and gives the file `model` and its own `run`.

    Its `metrics` hold `export/max_abs_difference`: how far the file's outputs are from the original's, at most.

    Args:
        format: of the file.
        checkpoint: which of the run's; None: what its `checkpoint.use` says.
        overrides: on top of the run's own config.
        file: the name of the file in the step's folder; by default `model` with the ending of its format.
    """

    def __init__(
        self,
        format: Format = "safetensors",
        checkpoint: Alias | None = None,
        overrides: Sequence[str] = (),
        file: str | None = None,
    ) -> None:
        self.format = format
        self.checkpoint = checkpoint
        self.overrides = tuple(overrides)
        self.file = file or f"model{SUFFIXES[format]}"

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Export; a file of an attempt before this one is made anew."""
        reference, alias = trained_input(inputs, self.checkpoint)
        path = step_context.folder / self.file
        path.unlink(missing_ok=True)
        outcome = export(
            reference,
            overrides_of(self.overrides, step_context),
            output=path,
            format=self.format,
            checkpoint=alias,
            project=step_context.project,
            say=step_context.log.info,
        )
        return {**finished(outcome), "model": file(path)}
