"""How a pipeline stands while it runs: changed by its threads one at a time, written down at each change."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from accelerator.pipeline.state import PipelineState, StepState, write_state

Watch = Callable[[PipelineState, StepState], None]
"""Is told of each change of a step, in the order of the changes."""


class Board:
    """The state of a running pipeline, and its one writer."""

    def __init__(self, state: PipelineState, watches: Sequence[Watch]) -> None:
        self._state = state
        self._watches = watches
        self._lock = threading.Lock()
        self._began = time.monotonic()
        write_state(state)

    @property
    def state(self) -> PipelineState:
        """How it stands."""
        return self._state

    def change(self, name: str, **values: Any) -> None:
        """Change fields of a step, and write the whole down."""
        with self._lock:
            step = replace(self._state.step(name), **values)
            self._state = replace(self._state.with_step(step), seconds=self._seconds)
            write_state(self._state)
            for watch in self._watches:
                watch(self._state, step)

    def end(self, status: str) -> PipelineState:
        """Write down how the pipeline ended."""
        with self._lock:
            self._state = replace(self._state, status=status, ended=now(), seconds=self._seconds)
            write_state(self._state)
            return self._state

    @property
    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)


def now() -> str:
    """Return the time as files have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
