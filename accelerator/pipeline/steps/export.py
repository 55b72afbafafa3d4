"""The step `export`: a trained run's model in a file for others."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from accelerator.config.declared import gives
from accelerator.experiment.export import SUFFIXES, export
from accelerator.pipeline.outputs import Output, file
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished
from accelerator.pipeline.steps.trained_input import call_on_trained, file_anew


@gives("run", "model", "metrics", needs=("run", "checkpoint"))
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
        format: Literal["safetensors", "torch_export", "onnx"] = "safetensors",
        checkpoint: Literal["last", "best"] | None = None,
        overrides: Sequence[str] = (),
        file: str | None = None,
    ) -> None:
        self.format = format
        self.checkpoint = checkpoint
        self.overrides = tuple(overrides)
        self.file = file or f"model{SUFFIXES[format]}"

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Export; a file of an attempt before this one is made anew."""
        path = file_anew(self.file, step_context)
        outcome = call_on_trained(
            export, inputs, self.checkpoint, self.overrides, step_context, output=path, format=self.format
        )
        return {**finished(outcome), "model": file(path)}
