"""What happens between steps: points, validation, checkpoints, and the question whether to go on."""

import math
import time
from typing import TYPE_CHECKING, final

from accelerator.config.schema import TrainConfig
from accelerator.runtime.loop.clock import Clock
from accelerator.runtime.loop.evaluation import evaluate
from accelerator.runtime.scalars import Point

if TYPE_CHECKING:
    from accelerator.runtime.checkpoint.saver import Saver
    from accelerator.runtime.context import Context

_MOST_WAITING = 50
_FETCH_EVERY_S = 0.5


@final
class Duties:
    """Keeps the intervals of one run, and does what is due.

    Args:
        context: the running context.
        limits: where training ends.
        saver: saves checkpoints; None for a run without a folder.
    """

    def __init__(self, context: "Context", limits: TrainConfig, saver: "Saver | None") -> None:
        state, checkpoint = context.state, context.settings.checkpoint
        per_epoch = state.steps_per_epoch
        self._context = context
        self._saver = saver
        self._log = Clock(limits.log_every, per_epoch, state.step, "train.log_every")
        has_validation = bool(context.evaluation_loaders["validation"])
        validate_every = limits.validate_every if has_validation else None
        self._validate = Clock(validate_every, per_epoch, state.step, "train.validate_every")
        self._save = Clock(checkpoint.every if saver else None, per_epoch, state.step, "checkpoint.every")
        self._named: dict[str, Clock] = {}
        self._rates = {name: value for name, value in state.metrics.items() if name.startswith("optimizer/lr")}
        self._saved_validation = state.validated_step  # as of the newest checkpoint
        self._has_validation = validate_every is not None
        self._last_step = math.inf if limits.steps is None else limits.steps
        self._last_epoch = math.inf if limits.epochs is None else limits.epochs
        self._seconds_before = state.seconds
        self._began = time.perf_counter()
        self._last_second = math.inf if limits.max_time is None else float(limits.max_time.value)
        self._fetched_at = self._began

    def is_over(self) -> bool:
        """Tell whether training has reached an end, planned or not."""
        state = self._context.state
        if state.step >= self._last_step or state.epoch >= self._last_epoch or state.stop_reason:
            return True
        return self._last_second != math.inf and self._elapsed() >= self._last_second

    def after_step(self) -> None:
        """Do what is due after an optimizer step."""
        context = self._context
        state = context.state
        step = state.step
        if self._log.is_due_after_step(step):
            self.mark()
            if context.scalars.waiting >= _MOST_WAITING or time.perf_counter() - self._fetched_at >= _FETCH_EVERY_S:
                self.fetch()
        if context.scalars.intervals:
            self._mark_named(step)
        validated = self._validate.is_due_after_step(step) and self.validate()
        if self._save.is_due_after_step(step) or (validated and self._is_improved()):
            self.save()

    def catch_up(self) -> None:
        """Do what a run was stopped before: the validation that was due at the step it goes on from."""
        if self._validate.is_due_at(self._context.state.step) and self.validate() and self._is_improved():
            self.save()

    def mark_rest(self) -> None:
        """Make points of all that is left when training ends, whatever its interval."""
        context = self._context
        self.mark()
        context.scalars.mark(context.state.step, context.state.epoch, list(context.scalars.intervals))

    def end_epoch(self) -> None:
        """Close an epoch whose last step is done: its mean loss, validation, schedules, `epoch_end`, checkpoint.

        When a signal cuts the validation short, the epoch stays open: a resume closes it.
        """
        context = self._context
        state = context.state
        completed = state.epoch + 1
        ended = [name for name, clock in self._named.items() if clock.is_due_after_epoch(completed)]
        context.scalars.mark(state.step, state.epoch, ended)
        self.fetch()
        points = self._epoch_points()
        state.metrics.update((point.name, point.value) for point in points)
        is_due = self._validate.is_due_after_epoch(completed)
        validated = is_due and self.validate()
        if is_due and not validated:
            return
        context.scalars.start_epoch()
        context.metrics["train"].reset()
        self._record(points)
        for schedule in context.epoch_schedules:
            schedule.step(state.metrics)
        self.announce_epoch_end()
        state.epoch, state.epoch_step = completed, 0
        if self._save.is_due_after_epoch(completed) or (validated and self._is_improved()):
            self.save()

    def _epoch_points(self) -> list[Point]:
        context = self._context
        state = context.state
        point = context.scalars.epoch_point(state.step, state.epoch)
        metrics = context.metrics["train"].compute() if context.has_train_metrics else {}
        now = time.time()
        found = [] if point is None else [point]
        return found + [Point(f"train/{name}", value, state.step, state.epoch, now) for name, value in metrics.items()]

    def announce_epoch_end(self) -> None:
        """Tell everyone that the epoch has ended, or that training ends within it."""
        context = self._context
        context.state.epoch_open = False
        for hook in context.events.epoch_end:
            hook(context)

    def validate(self) -> bool:
        """Validate, unless it was done at this step; tell whether there is a complete validation of this step."""
        context = self._context
        state = context.state
        if state.validated_step == state.step or not self._has_validation:
            return state.validated_step == state.step
        self.fetch()
        if evaluate(context, "validation") is None:
            return False
        state.validated_step = state.step
        return True

    def save(self) -> None:
        """Save a checkpoint of this step, unless there is one that knows of its validation."""
        context = self._context
        state = context.state
        is_saved = state.saved_step == state.step and self._saved_validation == state.validated_step
        if self._saver is None or is_saved:
            return
        self.fetch()
        self._saver.save()
        self._saved_validation = state.validated_step
        for hook in context.events.checkpoint_save:
            hook(context)

    def fetch(self) -> None:
        """Bring over what was logged, and write it.

        Raises:
            NonFiniteError: a loss is NaN or infinite.
        """
        context = self._context
        context.state.seconds = self._elapsed()
        self._fetched_at = time.perf_counter()
        self._record(context.scalars.fetch())

    def mark(self) -> None:
        """Make points of what has come in since the last ones."""
        context = self._context
        state = context.state
        for name, rate in context.optimization.learning_rates():
            if self._rates.get(name) != rate:  # a constant rate is one point, not one a log interval
                self._rates[name] = rate
                context.scalars.add(name, float(rate), state.step, "last")
        context.scalars.mark(state.step, state.epoch)

    def _mark_named(self, step: int) -> None:
        context = self._context
        for name, interval in context.scalars.intervals.items():
            clock = self._named.get(name)
            if clock is None:
                clock = Clock(interval, context.state.steps_per_epoch, step - 1, f"context.log('{name}', every=…)")
                self._named[name] = clock
            if clock.is_due_after_step(step):
                context.scalars.mark(step, context.state.epoch, [name])

    def _record(self, points: list[Point]) -> None:
        context = self._context
        for point in points:
            context.state.metrics[point.name] = point.value
        if context.recorder is not None:
            context.recorder.points(points)

    def _elapsed(self) -> float:
        return self._seconds_before + time.perf_counter() - self._began

    def _is_improved(self) -> bool:
        return self._saver is not None and self._saver.is_improved()
