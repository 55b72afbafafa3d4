"""What a verb calls is imported when it is called: it may cost Hydra or torch, and a help page shall cost neither."""

from collections.abc import Callable
from typing import Any

from accelerator.heap import import_heavy


def late(room: str, name: str) -> Callable[..., Any]:
    """Import the function `name` of the module `accelerator.<room>.<name>`."""
    function: Callable[..., Any] = getattr(import_heavy(f"accelerator.{room}.{name}"), name)
    return function
