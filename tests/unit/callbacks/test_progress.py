import multiprocessing
import os
import pty
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.reduction import DupFd
from typing import Any

import pytest
import torch
from torch import nn

from accelerator.callbacks.progress import Pace, Progress, duration, place, throughput, values
from accelerator.errors import ComponentError
from accelerator.runtime.context import Context
from accelerator.runtime.events import Callback
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.runtime.state import TrainState
from accelerator.testing.tiny import TinyModel, tiny_data

_FRESH = multiprocessing.get_context("forkserver")  # torch is imported once for all who have a terminal
_FRESH.set_forkserver_preload(["tests.unit.callbacks.test_progress"])


class Slow(Callback):
    def __init__(self, seconds: float = 0.01) -> None:
        self._seconds = seconds

    def on_step_end(self, context: Context) -> None:
        time.sleep(self._seconds)


class Failing(Callback):
    def on_step_end(self, context: Context) -> None:
        if context.state.step == 8:
            raise RuntimeError("on purpose")


def make_context(**callbacks: Callback) -> Context:
    model = TinyModel()
    return Context(
        model=model,
        loss=nn.CrossEntropyLoss(),
        data=tiny_data(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        batch_size=16,
        callbacks=callbacks,
        record=False,
    )


def train_on_a_terminal(*callbacks: Callback, **environment: str) -> tuple[str, str, int]:
    """Train in a process whose stderr is a terminal; return what came there, on stdout, and the exit code."""
    leader, follower = pty.openpty()
    read, write = os.pipe()
    process = _FRESH.Process(
        target=_train_on,
        args=(DupFd(write), DupFd(follower), {"TERM": "xterm", "COLUMNS": "120", **environment}, callbacks),
    )
    process.start()
    os.close(follower)
    os.close(write)
    shown = b""
    while chunk := _read(leader):
        shown += chunk
    process.join()
    with os.fdopen(read) as out, os.fdopen(leader):
        return shown.decode(), out.read(), int(process.exitcode or 0)


def _train_on(out: Any, terminal: Any, environment: dict[str, str], callbacks: tuple[Callback, ...]) -> None:
    os.dup2(out.detach(), 1)
    os.dup2(terminal.detach(), 2)
    os.environ.update(environment)
    others = {str(place): callback for place, callback in enumerate(callbacks)}
    TrainLoop(make_context(progress=Progress(), slow=Slow(0.05), **others), epochs=4).run()
    print("the result")


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux: the other end is closed
        return b""


def test_without_a_terminal_there_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    TrainLoop(make_context(progress=Progress(interval_s=0.1), slow=Slow()), epochs=8).run()

    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert 3 <= len(lines) <= 8
    assert lines[0].startswith("epoch ")
    assert " step " in lines[0]
    assert lines[0].endswith(" left")
    assert lines[-1].startswith("epoch 8/8  step 32/32  loss ")
    assert " in " in lines[-1]
    assert captured.err == ""


def test_a_short_run_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    TrainLoop(make_context(progress=Progress()), epochs=1).run()

    assert len(capsys.readouterr().out.splitlines()) == 1


def test_an_error_leaves_a_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Fail(Callback):
        def on_step_end(self, context: Context) -> None:
            if context.state.step == 3:
                raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        TrainLoop(make_context(progress=Progress(), fail=Fail()), epochs=2).run()

    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("epoch 1/2  step 3/8")


def test_one_callback_serves_one_run_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()

    TrainLoop(make_context(progress=progress), epochs=1).run()
    TrainLoop(make_context(progress=progress), epochs=2).run()

    assert [line[:9] for line in capsys.readouterr().out.splitlines()] == ["epoch 1/1", "epoch 2/2"]


def test_training_goes_on_when_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    closed = open(writer, "w")
    monkeypatch.setattr(sys, "stdout", closed)

    summary = TrainLoop(make_context(progress=Progress(interval_s=0.01), slow=Slow()), epochs=2).run()

    assert summary.epoch == 2
    with suppress(BrokenPipeError):  # what is left in the buffer
        closed.close()


def test_on_a_terminal_there_is_a_bar_on_stderr() -> None:
    shown, out, code = train_on_a_terminal()

    assert code == 0
    assert out == "the result\n"
    assert "epoch 4/4" in shown
    assert "samples/s" in shown
    assert shown.count("\r\n") <= 3
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")


def test_an_error_gives_the_terminal_back() -> None:
    shown, _, code = train_on_a_terminal(Failing())

    assert code == 1
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")
    assert "RuntimeError: on purpose" in shown[shown.rfind("\x1b[?25h") :]


def test_no_color_is_heeded() -> None:
    shown, _, _ = train_on_a_terminal(NO_COLOR="1")

    assert "epoch 4/4" in shown
    assert "\x1b[3" not in shown
    assert "\x1b[9" not in shown


def test_a_dumb_terminal_gets_lines() -> None:
    shown, out, _ = train_on_a_terminal(TERM="dumb")

    assert shown == ""
    assert out.startswith("epoch 4/4")


def test_rich_is_imported_on_a_terminal_only() -> None:
    code = "import sys; from accelerator.callbacks.progress import Progress; print('rich' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ComponentError, match=r"^progress\.interval_s = 0: must be above 0 seconds, such as 5\.$"):
        Progress(interval_s=0)


def test_the_place_names_epoch_step_and_split() -> None:
    state = TrainState(epoch=2, epoch_open=True, step=120, num_epochs=10, num_steps=400)

    assert place(state) == "epoch 3/10  step 120/400"
    state.split, state.num_epochs, state.num_steps = "validation", None, None
    assert place(state) == "epoch 3  step 120  validation"


def test_the_newest_values_are_shown() -> None:
    state = TrainState(metrics={"optimizer/lr": 0.1, "validation/accuracy": 0.98765, "train/loss": 0.0001234})

    assert values(state) == ["loss 0.0001234", "validation/accuracy 0.9877"]


def test_the_pace_is_what_was_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 102.0, 110.0, 112.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    state = TrainState(step=50, samples=1600, num_steps=100)
    pace = Pace(state)

    state.step, state.samples = 60, 1920
    pace.take(state)
    assert (pace.samples_per_second, pace.seconds_left(state)) == (160.0, 8.0)
    state.samples = 2720
    pace.take(state)
    state.samples = 4000
    pace.take(state)
    assert pace.samples_per_second == (4000 - 1920) / 10  # of the last seconds only


def test_the_time_left_may_be_unknown() -> None:
    state = TrainState(num_steps=None)
    pace = Pace(state)
    state.step = 5
    pace.take(state)

    assert pace.seconds_left(state) is None
    assert throughput(Pace(state)) == "0 samples/s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
