"""Functions that need torch, imported when they are called: a config is checked before that is paid."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def late(name: str, module: str = "execution") -> Callable[..., Any]:
    """Return a function of `accelerator.experiment.<module>`, which imports torch (some 2 s)."""
    function: Callable[..., Any] = getattr(import_module(f"accelerator.experiment.{module}"), name)
    return function
