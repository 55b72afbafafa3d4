"""Ctrl-C and SIGTERM end a run at the next step boundary, with a checkpoint; a second Ctrl-C ends it at once."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, final

from accelerator.runtime.state import TrainState

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@final
class _Ask:
    """What signals call: asks the run, and the runs that it is inside of, to stop."""

    def __init__(self, state: TrainState, before: Any) -> None:
        self._state = state
        self._outer = before if isinstance(before, _Ask) else None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        is_repeated = self._state.stop_signal is not None
        self.ask(number)
        if is_repeated and number == signal.SIGINT:
            raise KeyboardInterrupt

    def ask(self, number: int) -> None:
        """Ask these runs to stop; the first signal is what stops them, and when."""
        if self._outer is not None:
            self._outer.ask(number)
        if self._state.stop_signal is not None:
            return
        self._state.stop_signal, self._state.stopped_at = number, time.monotonic()
        self._state.stop_reason = f"stopped by {signal.Signals(number).name}"


@contextmanager
def stoppable(state: TrainState) -> Iterator[None]:
    """Let signals ask the run to stop, within a block; outside the main thread signals stay as they are."""
    with _handled_by(_Ask(state, signal.getsignal(signal.SIGINT))):
        yield


@contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Let the signals that ask a run to stop interrupt it too, within a block that has no steps to stop between."""
    asks: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}

    def interrupt(number: int, frame: FrameType | None) -> None:
        if callable(asks[number]):
            asks[number](number, frame)
        raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
