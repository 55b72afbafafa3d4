"""Shows how far a run is: a bar on a terminal, now and then a line everywhere else.

When stderr is a terminal, one bar is drawn there, so that stdout holds results only. Otherwise plain lines go to
stdout, where a log of the run belongs: one for each interval and one at the end.

What is shown are plain numbers that the loop has fetched anyway; nothing here waits for the device. Between two shows
a step costs one look at the clock (about 0.1 microseconds); drawing the bar, at most five times a second, costs about
a millisecond.
"""

import math
import os
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from accelerator.config.declared import gives
from accelerator.errors import ComponentError
from accelerator.runtime.events import Callback
from accelerator.runtime.state import TrainState

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

_REDRAW_S = 0.2
_WINDOW_S = 5.0
_MOST_VALUES = 3


@gives()
class Progress(Callback):
    """Shows epoch, step, loss, validation metrics, throughput and time left.

    Args:
        interval_s: seconds between two lines where there is no terminal; above 0.

    Raises:
        ComponentError: `interval_s` is not above 0.
    """

    def __init__(self, interval_s: float = 5.0) -> None:
        if not interval_s > 0:
            raise ComponentError(f"progress.interval_s = {interval_s}: must be above 0 seconds, such as 5.")
        self.interval_s = interval_s
        self._next = math.inf  # the time of the next show; never, unless a run has started

    def on_run_start(self, context: "Context") -> None:
        """Start to show, in the first process only."""
        if context.rank != 0:
            return
        self._pace = Pace(context.state)
        self._display: Display = _Bar() if _is_terminal() else _Lines()
        self._every = _REDRAW_S if isinstance(self._display, _Bar) else self.interval_s
        self._next = time.perf_counter() + self._every

    def on_step_end(self, context: "Context") -> None:
        """Show, when it is time."""
        if time.perf_counter() >= self._next:
            self._show(context)

    def on_validation_batch_end(self, context: "Context") -> None:
        """Show, when it is time."""
        if time.perf_counter() >= self._next:
            self._show(context)

    def on_test_batch_end(self, context: "Context") -> None:
        """Show, when it is time."""
        if time.perf_counter() >= self._next:
            self._show(context)

    def on_exception(self, context: "Context") -> None:
        """Leave the terminal as it was."""
        self._close(context)

    def on_run_end(self, context: "Context") -> None:
        """Show the end, and leave the terminal as it was."""
        self._close(context)

    def _show(self, context: "Context") -> None:
        self._pace.take(context.state)
        try:
            self._display.show(context.state, self._pace)
        except OSError:  # nobody reads any more (`| head`, a terminal that is gone): training goes on unseen
            self._next = math.inf
        else:
            self._next = time.perf_counter() + self._every

    def _close(self, context: "Context") -> None:
        if self._next == math.inf:
            return
        self._next = math.inf
        self._pace.take(context.state)
        try:
            self._display.close(context.state, self._pace)
        except OSError:  # as above
            return


class Pace:
    """How fast a run is, from what has been done since this process began.

    Attributes:
        elapsed_s: seconds since the start.
    """

    def __init__(self, state: TrainState) -> None:
        self._start = time.perf_counter()
        self._first_step = state.step
        self._points = deque([(self._start, state.samples)])
        self.elapsed_s = 0.0

    def take(self, state: TrainState) -> None:
        """Note how far the run is now."""
        now = time.perf_counter()
        self.elapsed_s = now - self._start
        self._points.append((now, state.samples))
        while len(self._points) > 2 and self._points[1][0] < now - _WINDOW_S:
            self._points.popleft()

    @property
    def samples_per_second(self) -> float:
        """Training samples a second over the last seconds; 0 before there is a time to speak of."""
        (since, before), (now, samples) = self._points[0], self._points[-1]
        return (samples - before) / (now - since) if now > since else 0.0

    def seconds_left(self, state: TrainState) -> float | None:
        """Return the seconds to the last planned step at the pace so far; None when that is not known."""
        done = state.step - self._first_step
        if state.num_steps is None or done <= 0:
            return None
        return self.elapsed_s / done * max(0, state.num_steps - state.step)


class Display(Protocol):
    """Where progress is shown."""

    def show(self, state: TrainState, pace: Pace) -> None:
        """Show where the run stands."""

    def close(self, state: TrainState, pace: Pace) -> None:
        """Show where it ended, and give the terminal back."""


class _Lines:
    def show(self, state: TrainState, pace: Pace) -> None:
        left = pace.seconds_left(state)
        ending = [] if left is None or state.split == "test" else [f"{duration(left)} left"]
        print("  ".join([place(state), *values(state), throughput(pace), *ending]), flush=True)

    def close(self, state: TrainState, pace: Pace) -> None:
        print("  ".join([place(state), *values(state), f"in {duration(pace.elapsed_s)}"]), flush=True)


class _Bar:
    def __init__(self) -> None:
        from rich.console import Console  # 60 ms, paid only on a terminal
        from rich.progress import BarColumn
        from rich.progress import Progress as RichProgress
        from rich.progress import TextColumn

        # No thread of its own: it would take turns with the training thread. `force_terminal` says what we found out.
        self._progress = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[values]}", markup=False),
            console=Console(stderr=True, force_terminal=True),
            auto_refresh=False,
        )
        self._task = self._progress.add_task("starting", total=None, values="")
        self._progress.start()

    def show(self, state: TrainState, pace: Pace) -> None:
        left = pace.seconds_left(state)
        ending = [] if left is None else [f"{duration(left)} left"]
        self._draw(state, [throughput(pace), *ending])

    def close(self, state: TrainState, pace: Pace) -> None:
        try:
            self._draw(state, [f"in {duration(pace.elapsed_s)}"])
        finally:
            self._progress.stop()

    def _draw(self, state: TrainState, pace: list[str]) -> None:
        shown = values(state)
        text = "  ".join([*shown[:1], *pace, *shown[1:]])  # a narrow window cuts the end
        phase = [state.split] if state.split != "train" else []
        self._progress.update(
            self._task,
            description="  ".join([epoch(state), *phase]),
            values=text,
            completed=state.step,
            total=state.num_steps,
            refresh=True,
        )


def epoch(state: TrainState) -> str:
    """Return the epoch that is running, or the last one: `epoch 3/10`."""
    return f"epoch {max(1, state.epoch + state.epoch_open)}{_of(state.num_epochs)}"


def place(state: TrainState) -> str:
    """Return where the run is: `epoch 3/10  step 120/400`, and the split when it is not training."""
    parts = [epoch(state), f"step {state.step}{_of(state.num_steps)}"]
    if state.split != "train":
        parts.append(state.split)
    return "  ".join(parts)


def values(state: TrainState) -> list[str]:
    """Return the newest training loss and the first few validation metrics, as `name value`."""
    shown = {"loss": state.metrics["train/loss"]} if "train/loss" in state.metrics else {}
    of_validation = [name for name in state.metrics if name.startswith("validation/")]
    shown |= {name: state.metrics[name] for name in of_validation[:_MOST_VALUES]}
    return [f"{name} {value:.4g}" for name, value in shown.items()]


def throughput(pace: Pace) -> str:
    """Return `5,120 samples/s`."""
    rate = pace.samples_per_second
    return f"{rate:,.0f} samples/s" if rate >= 10 else f"{rate:.2g} samples/s"


def duration(seconds: float) -> str:
    """Return a time in the two units that matter: `4.2 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _of(total: int | None) -> str:
    return "" if total is None else f"/{total}"


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
