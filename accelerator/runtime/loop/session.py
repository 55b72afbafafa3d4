"""The frame around a running loop: the run folder opened and closed, a resume put in place, the end told truly."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelerator.errors import StorageError
from accelerator.heap import frozen_heap
from accelerator.runs.summary import COMPLETED, FAILED, INTERRUPTED, Summary
from accelerator.runtime.checkpoint.saver import Saver, restore_random
from accelerator.runtime.loop.stopping import stoppable
from accelerator.runtime.recorder import Opening, Recorder, summary_of

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


@dataclass
class Session:
    """What the loop needs of its frame, and what the frame tells after it.

    Attributes:
        saver: saves checkpoints; None for a run without a folder.
        summary: how the run ended; set when the frame is left.
    """

    saver: Saver | None
    summary: Summary | None = None


@contextmanager
def running(context: "Context", *, saves: bool = True) -> Iterator[Session]:
    """Frame a run: inside, the context is running and its folder is locked; after it, everything is closed.

    `saves` says whether the run has checkpoints. Whatever ends the block is announced (`exception`, `stop`), then
    `run_end`, and written to `summary.json`.
    """
    context.build()
    try:
        # Before there is a folder: a signal from now on is answered in it.
        with frozen_heap(), stoppable(context.state):
            recorder = _open_recorder(context)
            context.open_recorder(recorder)
            yield from _framed(context, recorder, saves=saves)
    finally:
        context.recorder = None
        context.close()


def _framed(context: "Context", recorder: Recorder | None, *, saves: bool) -> Iterator[Session]:
    session = Session(Saver(context, recorder) if saves and recorder is not None else None)
    status, is_told = COMPLETED, False
    try:
        _announce_start(context, recorder)
        yield session
        if session.saver is not None:
            session.saver.wait()
        if context.state.stop_signal is not None:
            status = INTERRUPTED
        _announce(context, "stop" if context.state.stop_reason else None)
        is_told = True
        _announce(context, "run_end")
    except BaseException as error:
        status = INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED
        context.state.error = error
        _end_badly(context, recorder, error, ("exception",) if is_told else ("exception", "run_end"))
        raise
    finally:
        if session.saver is not None:
            session.saver.close()
        session.summary = _close(context, recorder, status)


def _open_recorder(context: "Context") -> Recorder | None:
    if not context.settings.record or context.rank != 0:
        return None
    resumption = context.resumption
    if resumption is None:
        return Recorder(context, Opening(None, None))
    return Recorder(context, Opening(resumption.folder, resumption.step))


def _announce_start(context: "Context", recorder: Recorder | None) -> None:
    """Announce the run and what it goes on from, and set the random generators as the last thing before it does."""
    resumption = context.resumption
    if resumption is None:
        _announce(context, "run_start")
        return
    if recorder is not None:
        recorder.event("resume", step=resumption.step, kind=str(resumption))
        for text in resumption.damaged:
            recorder.log.warning("passed over a checkpoint: %s", text)
    _announce(context, "checkpoint_load" if resumption.checkpoint is not None else None)
    _announce(context, "run_start")
    if resumption.checkpoint is not None:
        restore_random(resumption.checkpoint)


def _announce(context: "Context", event: str | None) -> None:
    for hook in context.events.of(event) if event is not None else ():
        hook(context)


def _end_badly(context: "Context", recorder: Recorder | None, error: BaseException, events: Sequence[str]) -> None:
    """Tell callbacks and the log of an exception; what a callback raises now does not hide it."""
    if recorder is not None:
        recorder.traceback(error)
    for event in events:
        for hook in context.events.of(event):
            try:
                hook(context)
            except Exception as other:  # the border to a callback: the first error is the one to tell
                if recorder is not None:
                    recorder.log.error("%s failed too: %r", event, other)


def _close(context: "Context", recorder: Recorder | None, status: str) -> Summary:
    summary = summary_of(context, status)
    if recorder is None:
        return summary
    try:
        try:
            return recorder.summarise(summary)
        finally:
            recorder.close()
    except StorageError:
        if context.state.error is None:
            raise
        return summary  # a disk that is full now was full before: the first error is the one to tell
