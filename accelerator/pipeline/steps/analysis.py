"""What the steps that analyse have in common: a config from overrides and inputs, and two files of the run's folder."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from accelerator.experiment.outcome import Outcome
from accelerator.pipeline.outputs import Output, file
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import finished, override, overrides_of


def analysed(
    command: Callable[..., Outcome],
    name: str,
    overrides: Sequence[str],
    inputs: Mapping[str, Any],
    step_context: StepContext,
) -> dict[str, Output]:
    """Return what an analysis gives: its `run` and `metrics`, and the files `analysis` (JSON) and `page` (HTML).

    Args:
        command: `analyze_data` or `analyze_model`.
        name: of the files that it writes.
        overrides: of the config.
        inputs: each sets the config key of its name.
        step_context: of the step.
    """
    given = [override(key, value) for key, value in inputs.items()]
    composed = overrides_of([*overrides, *given], step_context)
    outcome = command(composed, project=step_context.project, say=step_context.log.info)
    folder = outcome.folder.analysis
    return {**finished(outcome), "analysis": file(folder / f"{name}.json"), "page": file(folder / f"{name}.html")}
