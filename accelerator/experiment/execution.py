"""Contexts made from sound configs, and run: the part of training, resuming and evaluating that needs torch."""

import shutil
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from omegaconf import OmegaConf

from accelerator.config.compose import ComposedConfig
from accelerator.errors import ConfigError
from accelerator.experiment.ending import Stop, conclude
from accelerator.experiment.named_run import has_checkpoint
from accelerator.experiment.outcome import Outcome, Say
from accelerator.runs.folder import RunFolder, create_run_folder
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary
from accelerator.runtime.checkpoint.fork import copy_start
from accelerator.runtime.checkpoint.resume import prepare_resume
from accelerator.runtime.context import Context
from accelerator.runtime.loop.rehearsal import Rehearsal, rehearse
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.runtime.recorder import note_failed_start


def run_new(config: ComposedConfig, components: Iterable[Any]) -> Summary:
    """Train a new run; what goes wrong is raised."""
    return TrainLoop(Context.from_config(config, components=components)).run()


def rehearse_new(config: ComposedConfig) -> Rehearsal:
    """Build everything and take one real step; nothing is written."""
    return rehearse(Context.from_config(config))


def train_new(config: ComposedConfig, say: Say) -> Outcome:
    """Train a new run."""
    context = Context.from_config(config)
    context.build()
    say(_switched_on(context))
    return carry_out(context, TrainLoop(context).run)


def train_on(config: ComposedConfig, run: Run, say: Say) -> Outcome:
    """Go on with a run in its own folder."""
    context = Context.from_config(config)
    is_begun = has_checkpoint(run)
    context.settings = replace(context.settings, parent=run.parent, reads_weights=not is_begun)
    return _go_on(context, run.folder, say)


def train_fork(config: ComposedConfig, run: Run, say: Say) -> Outcome:
    """Go on from a run's newest checkpoint in a new folder that names the run as its parent."""
    context = Context.from_config(config)
    context.settings = replace(context.settings, parent=run.name, reads_weights=not has_checkpoint(run))
    context.build()  # what cannot be built leaves no folder
    folder = create_run_folder(context.settings.output, context.settings.name)
    try:
        for text in copy_start(run.folder, folder):
            say(f"Passed over: {text}")
        return _go_on(context, folder, say)
    finally:
        if context.run_folder is None:  # never begun
            shutil.rmtree(folder.path, ignore_errors=True)


def _go_on(context: Context, folder: RunFolder, say: Say) -> Outcome:
    try:
        resumption = prepare_resume(context, folder)
    except BaseException as error:
        context.close()
        if isinstance(error, ConfigError) and error.__cause__ is not None:  # a component that is broken by now
            note_failed_start(folder, error)
        raise
    for text in resumption.damaged:
        say(f"Passed over: {text}")
    say(_switched_on(context))
    say(f"Going on in {folder.path} from step {resumption.step}, {resumption}")
    return carry_out(context, TrainLoop(context).run)


def _switched_on(context: Context) -> str:
    notes = context.notes
    processes = 1 if context.config is None else OmegaConf.select(context.config, "launch.processes") or 1
    if processes != context.engine.world_size:
        notes = (*notes, f"launch.processes={processes} has no effect: a training is one process in this version")
    return f"Training with {', '.join(notes)}"


def carry_out(context: Context, run: Callable[[], Summary]) -> Outcome:
    """Run, and turn what ends it into an outcome; what comes before there is a run folder is raised."""
    error: Exception | None = None
    stop: Stop | None = None
    try:
        run()
    except KeyboardInterrupt:  # a second Ctrl-C, which does not wait for the checkpoint
        stop = Stop(signal.SIGINT, time.monotonic())
        if context.run_folder is None:
            raise
    except Exception as raised:  # the border to components: whatever they raise has been logged by the loop
        error = raised
        if context.run_folder is None:
            raise
    state = context.state
    if state.stop_signal is not None and state.stopped_at is not None:
        stop = Stop(state.stop_signal, state.stopped_at)
    assert context.run_folder is not None
    return conclude(RunFolder(context.run_folder), context.settings.project, stop, error)
