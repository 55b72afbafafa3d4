"""Ctrl-C and SIGTERM end a run at the next step boundary, with a checkpoint; a second Ctrl-C ends it at once."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from accelerator.runtime.state import TrainState

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable(state: TrainState) -> Iterator[None]:
    """Let signals ask the run to stop, within a block; outside the main thread signals stay as they are."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if state.stop_signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        state.stop_signal, state.stopped_at = number, time.monotonic()
        state.stop_reason = f"stopped by {signal.Signals(number).name}"

    before: dict[int, Any] = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
