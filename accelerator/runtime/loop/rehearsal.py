"""One real step without a run: everything is built and works together, before hours are spent on it."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accelerator.errors import ConfigError, Problem
from accelerator.runtime.checkpoint.files import Snapshot, read_checkpoint, write_checkpoint
from accelerator.runtime.checkpoint.saver import model_state, restore, run_state
from accelerator.runtime.checkpoint.tree import tensors_to_host, to_host
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
    """Build a context, take its first optimizer step, save it, load it, and close it.

    Callbacks are built and hear nothing. The checkpoint is written to a temporary folder, which is gone after.

    Raises:
        ConfigError: a part cannot be built, or there is no batch to train on.
        NonFiniteError: the loss is NaN or infinite.
        CheckpointError, ComponentError: what is saved cannot be read back, or cannot be saved.
    """
    context.build()
    context.events = compile_events({})
    try:
        began = time.perf_counter()
        num_samples = _take_step(context)
        context.scalars.mark(context.state.step, context.state.epoch)
        (loss,) = (point.value for point in context.scalars.fetch() if point.name == LOSS)
        _save_and_load(context)
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


def _save_and_load(context: "Context") -> None:
    with tempfile.TemporaryDirectory() as folder:
        model, state = tensors_to_host(model_state(context.model)), to_host(run_state(context))
        path = write_checkpoint(Path(folder), Snapshot(context.state.step, model, state, None, context.data.facts))
        restore(context, read_checkpoint(path))
