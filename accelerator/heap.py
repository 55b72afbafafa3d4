"""When Python's garbage collector looks through what a process holds, and when that is wasted.

Importing makes hundreds of thousands of objects that live as long as the process, and composing a config tens of
thousands that fall with it. Looking through them again and again takes a tenth of the time of both.
"""

import _io
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import NoReturn


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage within a block, or within a function that it decorates; it has to be a short one."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def import_heavy(name: str) -> ModuleType:
    """Import a module at the moment that it is needed.

    What is there then is kept from the collector, until a run that trains has ended: all of it would count as young,
    and the first three collections would walk it.
    """
    if name in sys.modules:
        return sys.modules[name]
    with uncollected():
        module = import_module(name)
        gc.freeze()
    return module


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Keep the collector away from what exists already, within a block.

    Every full collection walks all that importing torch has left: about 0.2 s each, a quarter of the time of 2,000
    steps of a small model. What a run makes itself is collected as ever.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def leave_heap() -> None:
    """Let a process end without looking through all of it once more: a tenth of a short command, a second of one that
    has torch, and many on a busy machine.

    What user's code has left open in a circle of objects is written out here, as nobody will find that circle any more.
    """
    if "torch" in sys.modules:  # else no user's code has run
        for item in gc.get_objects():
            if issubclass(type(item), _io._IOBase):
                with suppress(OSError, ValueError):  # closed, or the disk is full: at the end Python tells neither
                    item.flush()
    gc.freeze()


def leave(code: int) -> NoReturn:
    """End the process with an exit code."""
    leave_heap()
    sys.exit(code)
