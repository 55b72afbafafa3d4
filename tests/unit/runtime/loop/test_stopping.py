"""What a signal leaves in the state of the run that it is to stop."""

import signal
import time

import pytest

from accelerator.runtime.loop.stopping import interrupted_at_once, stoppable
from accelerator.runtime.state import TrainState


def test_the_first_signal_is_what_stops_a_run_and_when() -> None:
    state = TrainState()
    with stoppable(state):
        signal.raise_signal(signal.SIGINT)
        stopped_at = state.stopped_at
        time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)  # as `mlflow run` sends it after Ctrl-C

    assert (state.stop_signal, state.stop_reason) == (signal.SIGINT, "stopped by SIGINT")
    assert state.stopped_at == stopped_at


def test_a_second_ctrl_c_does_not_wait_for_the_next_step() -> None:
    state = TrainState()
    with pytest.raises(KeyboardInterrupt), stoppable(state):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)

    assert state.stop_signal == signal.SIGTERM


def test_a_signal_reaches_the_runs_that_a_run_is_inside_of() -> None:
    outer, inner = TrainState(), TrainState()
    with stoppable(outer), stoppable(inner), pytest.raises(KeyboardInterrupt), interrupted_at_once():
        signal.raise_signal(signal.SIGTERM)

    assert (outer.stop_signal, inner.stop_signal) == (signal.SIGTERM, signal.SIGTERM)
