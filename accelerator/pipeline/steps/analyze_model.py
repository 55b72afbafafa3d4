"""The step `analyze_model`: what a model costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.config.declared import gives
from accelerator.experiment.analyze_model import analyze_model
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.analysis import analysed


@gives("run", "metrics", "analysis", "page", composes="overrides")
class AnalyzeModel:
    """Runs the model of a config on a real batch and tells what it costs, per module.

    Each input sets the config key of its name. Gives `run`, `metrics`, and the files `analysis` (JSON) and `page`
    (HTML).

    Args:
        overrides: as on the command line (`experiment=digits_resnet`).
    """

    def __init__(self, overrides: Sequence[str] = ()) -> None:
        self.overrides = tuple(overrides)

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Analyse the model of the config."""
        return analysed(analyze_model, "model", self.overrides, inputs, step_context)
