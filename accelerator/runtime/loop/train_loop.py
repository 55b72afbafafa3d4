"""The training loop. From `run` to `optimizer.step` it is five frames in two files: this one and `step.py`."""

from dataclasses import replace
from typing import TYPE_CHECKING, final

from accelerator.config.interval import Interval
from accelerator.config.schema import TrainConfig
from accelerator.errors import AcceleratorError, ConfigError, Problem
from accelerator.runs.summary import Summary
from accelerator.runtime.checkpoint.files import read_model
from accelerator.runtime.checkpoint.saver import Saver, model_state
from accelerator.runtime.checkpoint.tree import to_host
from accelerator.runtime.checkpoint.weights import load_weights
from accelerator.runtime.data.splits import SPLITS
from accelerator.runtime.export.example import keep_example
from accelerator.runtime.loop.clock import Clock
from accelerator.runtime.loop.data_record import record_data
from accelerator.runtime.loop.duties import Duties
from accelerator.runtime.loop.evaluation import evaluate
from accelerator.runtime.loop.session import running
from accelerator.runtime.loop.step import run_batch, run_step

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


@final
class TrainLoop:
    """Trains what a context holds, then tests it.

        run_start
        until an end is reached:
            epoch_start
            for each step of the epoch: forward and backward on its micro-batches, one optimizer step, what is due
            epoch_end
        test
        run_end

    Args:
        context: what to train; built on `run` when it is not.
        epochs: passes over the data.
        steps: optimizer steps.
        max_time: such as `30min`.

    The first end that is reached ends training. When one of them is given here, those of the config do not count.

    Raises:
        ValueError: `max_time` is no time.
    """

    def __init__(
        self,
        context: "Context",
        epochs: int | None = None,
        steps: int | None = None,
        max_time: str | None = None,
    ) -> None:
        self.context = context
        if (epochs, steps, max_time) != (None, None, None):
            limit = None if max_time is None else Interval.parse(max_time)
            train = replace(context.settings.train, epochs=epochs, steps=steps, max_time=limit)
            context.settings = replace(context.settings, train=train)
            if context.config is not None:  # what the run folder keeps, and a resume reads
                limits = {"epochs": epochs, "steps": steps, "max_time": max_time}
                context.config.train = {**context.config.train, **limits}

    def run(self) -> Summary:
        """Train to the end, test, and return the summary; the context is closed after it.

        Ctrl-C and SIGTERM end training at the next step with a checkpoint: the summary then says `interrupted`.

        Raises:
            RunFailedError: a loss that is not finite, a full disk; the summary in the run folder says it too.
            RunLockedError: the run to go on with is running.
        """
        context = self.context
        limits = _checked_limits(context)
        context.state.num_steps, context.state.num_epochs = _planned(context, limits)
        with running(context) as session:
            if context.settings.is_tracked:
                record_data(context, SPLITS)
            duties = Duties(context, limits, session.saver)
            duties.catch_up()
            while not duties.is_over():
                _run_epoch(context, duties)
            _finish(context, duties, session.saver)
        assert session.summary is not None
        return session.summary


def _run_epoch(context: "Context", duties: Duties) -> None:
    state, loader = context.state, context.train_loader
    assert loader is not None
    if not state.epoch_open:
        state.epoch_open = True
        for hook in context.events.epoch_start:
            hook(context)
    steps = loader.num_steps(state.epoch)
    full = context.full_step_items
    items, is_exhausted = 0, False
    for batch, ends_step in loader.epoch(state.epoch, state.epoch_step):
        items += run_batch(context, batch, full)
        if ends_step:
            run_step(context, 1.0 if full is None else full / max(items, 1))
            items = 0
            duties.after_step()
            if duties.is_over():
                break
    else:
        is_exhausted = True
    if not state.epoch_step:
        raise _no_batch(context)
    if is_exhausted or state.epoch_step == steps:
        duties.end_epoch()


def _no_batch(context: "Context") -> ConfigError:
    """An epoch without a step would be followed by the next one, for ever."""
    loader = context.settings.loader
    dropped = f", and loader.drop_last leaves out what is less than {loader.batch_size} samples" * loader.drop_last
    return ConfigError(
        Problem(
            "data",
            f"the training data gave no batch in epoch {context.state.epoch}{dropped}",
            "Give it samples (an iterable must start anew for each epoch), or a smaller loader.batch_size.",
        )
    )


def _finish(context: "Context", duties: Duties, saver: Saver | None) -> None:
    """Complete what training leaves open: the last validation and checkpoint, then the test."""
    state = context.state
    if state.stop_signal is None:
        duties.mark_rest()
        duties.validate()
    duties.save()
    duties.fetch()  # the last points, where there was nothing to validate or save any more
    if state.epoch_open:
        duties.announce_epoch_end()
    if state.stop_signal is None and context.evaluation_loaders["test"]:
        _test(context, saver)
        duties.fetch()
    if state.stop_signal is None and context.settings.is_tracked:
        keep_example(context)


def _test(context: "Context", saver: Saver | None) -> None:
    """Test with the last weights, or with the best when `checkpoint.use` asks for them."""
    best = context.state.best
    if saver is None or best is None or context.settings.checkpoint.use == "last":
        evaluate(context, "test")
        return
    saver.wait()
    last = to_host(model_state(context.model))
    assert context.recorder is not None and best["checkpoint"] is not None
    load_weights(context.model, read_model(context.recorder.folder.checkpoints / best["checkpoint"]))
    evaluate(context, "test")
    load_weights(context.model, last)


def _checked_limits(context: "Context") -> TrainConfig:
    """Build the context and return where training ends, before there is a run folder.

    Raises:
        ConfigError: there is nothing to train on, no end, or an interval that this data does not have.
        AcceleratorError: the context is running or closed.
    """
    if context.status == "running":
        raise AcceleratorError("This context is running. Make a new one for another run.")
    context.build()
    limits, per_epoch = context.settings.train, context.state.steps_per_epoch
    try:
        if context.train_loader is None:
            raise ConfigError(Problem("data", "has no training split", "Choose data that has one."))
        if limits.epochs is None and limits.steps is None and limits.max_time is None:
            raise ConfigError(
                Problem("train", "has no end: epochs, steps and max_time are all null", "Set train.epochs=10, say.")
            )
        for key, interval in (
            ("train.log_every", limits.log_every),
            ("train.validate_every", limits.validate_every),
            ("checkpoint.every", context.settings.checkpoint.every),
        ):
            Clock(interval, per_epoch, key=key)
    except ConfigError:
        context.close()
        raise
    return limits


def _planned(context: "Context", limits: TrainConfig) -> tuple[int | None, int | None]:
    """Return the planned steps and epochs, as far as they are known ahead."""
    per_epoch = context.state.steps_per_epoch
    steps, epochs = limits.steps, limits.epochs
    if per_epoch:
        by_epochs = None if epochs is None else epochs * per_epoch
        steps = min((item for item in (steps, by_epochs) if item is not None), default=None)
        epochs = None if steps is None else -(-steps // per_epoch)
    return steps, epochs
