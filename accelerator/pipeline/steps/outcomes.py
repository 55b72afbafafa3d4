"""From a step to a command of `experiment/` and back: overrides that keep the run in the step's folder, and its end."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.errors import EXIT_INPUT, InputError, RunFailedError
from accelerator.experiment.outcome import Outcome
from accelerator.pipeline.outputs import Output, metrics, run
from accelerator.pipeline.step_context import StepContext
from accelerator.runs.summary import COMPLETED, INTERRUPTED


def overrides_of(overrides: Sequence[str], step_context: StepContext) -> list[str]:
    """Return a step's own overrides, with the one that puts its run folder into the step's folder."""
    return [*overrides, override("paths.output", step_context.folder)]


def override(key: str, value: Any) -> str:
    """Return the override that sets a key to a value, whatever characters a text in it holds."""
    return f"{key}={_literal(value)}"


def finished(outcome: Outcome) -> dict[str, Output]:
    """Return the run and the metrics of what has ended well.

    Raises:
        InputError: it was wrong input, which another try would not mend.
        RunFailedError: it failed or was interrupted; says why, and where the traceback is.
    """
    summary, folder = outcome.summary, outcome.folder
    if outcome.exit_code == 0 and summary.status == COMPLETED:
        return {"run": run(folder.path), "metrics": metrics(summary.metrics)}
    if summary.status == INTERRUPTED:
        raise RunFailedError(f"It was interrupted after step {summary.step}: {folder.path}")
    text = f"{outcome.reason or summary.error or summary.status}. The traceback is in {folder.log}"
    raise InputError(text) if outcome.exit_code == EXIT_INPUT else RunFailedError(text)


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{name}:{_literal(item)}' for name, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_literal, value))}]"
    text = re.sub(r"(\\*)('|$)", _before_quote, str(value))
    return f"'{text}'"


def _before_quote(found: re.Match[str]) -> str:
    """Double the backslashes before a quote or the text's end, where they would count, and escape the quote."""
    return found[1] * 2 + found[2].replace("'", "\\'")
