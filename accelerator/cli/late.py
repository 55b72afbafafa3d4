"""What a verb calls is imported when it is called: it may cost Hydra or torch, and a help page shall cost neither."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def late(room: str, name: str) -> Callable[..., Any]:
    """Import the function `name` of the module `accelerator.<room>.<name>`."""
    function: Callable[..., Any] = getattr(import_module(f"accelerator.{room}.{name}"), name)
    return function
