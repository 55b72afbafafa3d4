"""One real step without a run: everything is built and works together, before hours are spent on it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelerator.errors import ConfigError, Problem
from accelerator.runtime.data.transforms import batch_size_of
from accelerator.runtime.events import compile_events
from accelerator.runtime.loop.step import run_batch, run_step
from accelerator.runtime.scalars import LOSS

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


@dataclass(frozen=True)
class Rehearsal:
    """What one step was like."""

    num_samples: int
    loss: float
    seconds: float


def rehearse(context: "Context") -> Rehearsal:
    """Build a context, take its first optimizer step, and close it. Callbacks are built and hear nothing.

    Raises:
        ConfigError: a part cannot be built, or there is no batch to train on.
        NonFiniteError: the loss is NaN or infinite.
    """
    context.build()
    context.events = compile_events({})
    try:
        began = time.perf_counter()
        num_samples = _take_step(context)
        context.scalars.mark(context.state.step, context.state.epoch)
        (loss,) = (point.value for point in context.scalars.fetch() if point.name == LOSS)
        return Rehearsal(num_samples, loss, time.perf_counter() - began)
    finally:
        context.close()


def _take_step(context: "Context") -> int:
    full = context.full_step_items
    items = num_samples = 0
    for batch, ends_step in context.train_loader.epoch(0) if context.train_loader is not None else ():
        items += run_batch(context, batch, full)
        num_samples += batch_size_of(batch)
        if ends_step:
            break
    if not num_samples:
        raise ConfigError(Problem("data", "has no batch to train on", "Choose data that has a training split."))
    run_step(context, 1.0 if full is None else full / items)
    return num_samples
