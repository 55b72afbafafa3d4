"""The one place that turns what went wrong into a message on stderr and an exit code."""

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from accelerator.cli.terminal import print_error
from accelerator.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TERMINATED, TRACEBACK_VARIABLE, AcceleratorError
from accelerator.runs.files import unusable

_SEE_MORE = f"Set {TRACEBACK_VARIABLE}=1 to see the traceback."
_DEFAULTS: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


def exit_code_of(action: Callable[[], int]) -> int:
    """Do it and return its exit code, or that of its failure. Nothing but SystemExit comes out."""
    with _signals_noted() as signals:
        try:
            return action()
        except AcceleratorError as error:
            print_error(_traceback(error) if _wants_traceback() else str(error))
            return error.exit_code
        except KeyboardInterrupt:
            return _tell_interrupted(signals)
        except Exception as error:  # the outermost border: whatever a component or we ourselves got wrong
            if signals:  # a library that is half imported swallows the interrupt, and fails of what it lacks
                return _tell_interrupted(signals)
            print_error(_describe_unexpected(error))
            return EXIT_FAILED


@contextmanager
def _signals_noted() -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt, and give the list of those that came.

    A run answers them itself while it lasts. Outside the main thread, and where the caller has said otherwise (as
    `nohup` and `&` do), they stay as they are.
    """
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        came.append(number)
        raise KeyboardInterrupt

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in _DEFAULTS}
    before = {number: handler for number, handler in before.items() if handler is _DEFAULTS[number]}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wants_traceback() -> bool:
    return bool(os.environ.get(TRACEBACK_VARIABLE))


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _tell_interrupted(signals: list[int]) -> int:
    if signal.SIGTERM in signals:
        print_error("Stopped by SIGTERM.")
        return EXIT_TERMINATED
    print_error("Interrupted.")
    return EXIT_INTERRUPTED


def _describe_unexpected(error: Exception) -> str:
    if _wants_traceback():
        return _traceback(error)
    told = unusable(error) if isinstance(error, OSError) else None
    if told is not None:
        return f"{told} {_SEE_MORE}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"{what} ({frame.filename}:{frame.lineno}). {_SEE_MORE}"
