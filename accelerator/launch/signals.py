"""SIGINT and SIGTERM in other hands for a while."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_to(receive: Callable[[int], None]) -> Iterator[None]:
    """Give the number of each SIGINT and SIGTERM to `receive`; after it they are handled as before.

    Outside the main thread, where no signal can be caught, they stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda came, _frame: receive(came)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
