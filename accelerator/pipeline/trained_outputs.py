"""What a training gives to the steps after it."""

from collections.abc import Mapping
from typing import Any

from accelerator.pipeline.content_hash import checkpoint_named
from accelerator.pipeline.outputs import Output, checkpoint, metrics, run
from accelerator.runs.run import Run

ALIASES = ("best", "last")


def trained_outputs(trained: Run) -> dict[str, Output]:
    """Return the run, its metrics, and the checkpoints that it left: `checkpoint` is the one that its config uses.

    One that it did not leave (`checkpoint.keep_best=0`) is not among them: who asks for it is told.
    """
    path = trained.folder.path
    outputs = {"run": run(path), "metrics": metrics(trained.summary.metrics)}
    for alias in ALIASES:
        found = checkpoint_named(path, alias)
        if found is not None:
            outputs[f"checkpoint.{alias}"] = checkpoint(found)
    settings: Any = trained.config.get("checkpoint")
    used = f"checkpoint.{settings.get('use') if isinstance(settings, Mapping) else ALIASES[-1]}"
    return {**outputs, "checkpoint": outputs[used]} if used in outputs else outputs
