"""Functions that need a heavy library, imported when they are called: a config is checked before that is paid."""

from collections.abc import Callable
from typing import Any

from accelerator.heap import import_heavy


def late(name: str, module: str = "execution", room: str = "experiment") -> Callable[..., Any]:
    """Return a function of `accelerator.<room>.<module>`, which imports torch (some 2 s), MLflow or matplotlib."""
    function: Callable[..., Any] = getattr(import_heavy(f"accelerator.{room}.{module}"), name)
    return function
