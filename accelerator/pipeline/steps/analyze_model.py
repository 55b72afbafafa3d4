"""The step `analyze_model`: what a model costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.config.declared import gives
from accelerator.experiment.analyze_model import analyze_model
from accelerator.pipeline.outputs import Output, file
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished, override, overrides_of


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
        given = [override(key, value) for key, value in inputs.items()]
        overrides = overrides_of([*self.overrides, *given], step_context)
        outcome = analyze_model(overrides, project=step_context.project, say=step_context.log.info)
        folder = outcome.folder.analysis
        return {**finished(outcome), "analysis": file(folder / "model.json"), "page": file(folder / "model.html")}
