"""What is done with a trained run's checkpoint, as a run of its own that names the run as its parent: needs torch."""

from dataclasses import replace
from pathlib import Path

from accelerator.config.compose import ComposedConfig
from accelerator.experiment.execution import carry_out
from accelerator.experiment.outcome import Outcome, Say
from accelerator.runs.run import Run
from accelerator.runs.summary import COMPLETED
from accelerator.runtime.checkpoint.files import read_checkpoint
from accelerator.runtime.checkpoint.keeper import resolve_alias
from accelerator.runtime.checkpoint.saver import restore_model
from accelerator.runtime.context import Context
from accelerator.runtime.loop.evaluation_loop import EvaluationLoop, PredictionLoop
from accelerator.runtime.predictions import PredictionFile


def evaluate_checkpoint(config: ComposedConfig, run: Run, split: str, alias: str, say: Say) -> Outcome:
    """Evaluate a checkpoint of a run on one split, as a run of its own that names the run as its parent."""
    context, name = restored(config, run, alias)
    say(f"Evaluating {run.folder.path}, {name}, on {split}: {', '.join(context.engine.report())}")
    return carry_out(context, EvaluationLoop(context, split).run)


def predict_checkpoint(config: ComposedConfig, run: Run, path: Path, split: str, alias: str, say: Say) -> Outcome:
    """Write what a checkpoint of a run predicts on one split, as a run of its own that names the run as its parent."""
    with PredictionFile(path) as file:
        context, name = restored(config, run, alias)
        say(f"Predicting with {run.folder.path}, {name}, on {split}: {', '.join(context.engine.report())}")
        outcome = carry_out(context, PredictionLoop(context, file, split).run)
    if outcome.summary.status == COMPLETED:
        say(f"Predictions of {file.rows} samples: {path}")
    return outcome


def restored(config: ComposedConfig, run: Run, alias: str) -> tuple[Context, str]:
    """Return a built context with the weights of a checkpoint, and the checkpoint's name."""
    checkpoint = read_checkpoint(resolve_alias(run.folder.checkpoints, alias))
    context = Context.from_config(config)
    context.settings = replace(context.settings, parent=run.name, reads_weights=False)
    context.build()
    restore_model(context, checkpoint)
    return context, checkpoint.path.name
