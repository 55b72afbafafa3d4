"""Which trained run a step is to use: its input `run`, or `checkpoint`, the best or last one of a run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from accelerator.errors import InputError
from accelerator.experiment.outcome import Outcome
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.outcomes import overrides_of

Alias = Literal["last", "best"]
ALIASES: tuple[Alias, ...] = ("last", "best")


def trained_input(inputs: Mapping[str, Any], alias: Alias | None) -> tuple[str, Alias | None]:
    """Return the RUN that the inputs name, and which of its checkpoints; None: what its `checkpoint.use` says.

    Args:
        inputs: with `run` (a run folder, or a RUN as a text) or `checkpoint` (the folder of one).
        alias: the step's own choice among the checkpoints of `run`.

    Raises:
        InputError: neither came, or both; the checkpoint is neither its run's best nor its last.
    """
    if ("run" in inputs) == ("checkpoint" in inputs):
        came = "both came" if "run" in inputs else f"these came: {', '.join(inputs) or 'none'}"
        raise InputError(
            f"The step needs the input run or checkpoint; {came}. "
            f"Write inputs: {{run: ${{step_output:STEP.run}}}} with the name of a step that trains."
        )
    if "run" in inputs:
        return str(inputs["run"]), alias
    checkpoint = Path(inputs["checkpoint"])
    for name in ALIASES:
        pointer = checkpoint.parent / name
        if pointer.is_file() and pointer.read_text(encoding="utf-8").strip() == checkpoint.name:
            return str(checkpoint.parent.parent), name
    raise InputError(
        f"{checkpoint} is neither the best nor the last checkpoint of its run. "
        f"Write inputs: {{checkpoint: ${{step_output:STEP.checkpoint.best}}}}, or run: with the run."
    )


def call_on_trained(
    command: Callable[..., Outcome],
    inputs: Mapping[str, Any],
    alias: Alias | None,
    overrides: Sequence[str],
    step_context: StepContext,
    **options: Any,
) -> Outcome:
    """Return how a command on the run that the inputs name ended; its own run folder lies in the step's.

    Args:
        command: `evaluate`, `predict`, `export`.
        inputs: as `trained_input`.
        alias: as `trained_input`.
        overrides: on top of the run's own config.
        step_context: of the step.
        options: of that command alone.

    Raises:
        InputError: as `trained_input`.
    """
    reference, alias = trained_input(inputs, alias)
    return command(
        reference,
        overrides_of(overrides, step_context),
        checkpoint=alias,
        project=step_context.project,
        say=step_context.log.info,
        **options,
    )


def file_anew(name: str, step_context: StepContext) -> Path:
    """Return the path of a file that a step is to write, without what an attempt before this one left there."""
    path = step_context.folder / name
    path.unlink(missing_ok=True)
    return path
