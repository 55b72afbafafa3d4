"""The step `analyze_data`: what data is like, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.config.declared import gives
from accelerator.experiment.analyze_data import analyze_data
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.analysis import analysed


@gives("run", "metrics", "analysis", "page", composes="overrides")
class AnalyzeData:
    """Reads the data of a config and tells what is wrong with it: leaks, duplicates, label conflicts.

    Each input sets the config key of its name. Gives `run`, `metrics`, and the files `analysis` (JSON) and `page`
    (HTML).

    Args:
        overrides: as on the command line (`experiment=digits_resnet`).
    """

    def __init__(self, overrides: Sequence[str] = ()) -> None:
        self.overrides = tuple(overrides)

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Analyse the data of the config."""
        return analysed(analyze_data, "data", self.overrides, inputs, step_context)
