"""Runs that are no pass over a split: one piece of work in the frame of a run, and the batch that it looks at."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from accelerator.errors import ConfigError, Problem
from accelerator.runs.summary import Summary
from accelerator.runtime.context import Context
from accelerator.runtime.loop.session import running
from accelerator.runtime.loop.stopping import interrupted_at_once


def run_work(context: Context, work: Callable[[], None]) -> Summary:
    """Do a piece of work as a run, and return how it ended; what goes wrong is raised, a signal at once."""
    with running(context, saves=False) as session:
        began = time.perf_counter()
        with interrupted_at_once():
            work()
        context.state.seconds = time.perf_counter() - began
    assert session.summary is not None
    return session.summary


def some_batch(context: Context) -> Mapping[str, Any]:
    """Return a batch as evaluation sees it, or else one of training.

    Raises:
        ConfigError: the data has none; the context is closed then.
    """
    loaders = [loader for sets in context.evaluation_loaders.values() for loader in sets.values()]
    for loader in [*loaders, context.train_loader]:
        batch = None if loader is None else loader.first_batch()
        if batch is not None:
            return batch
    context.close()
    raise ConfigError(Problem("data", "has no batch to run the model on", "Choose data that has samples."))
