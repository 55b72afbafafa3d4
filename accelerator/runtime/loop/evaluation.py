"""One pass over a split without gradients: the loss, its terms, the metrics, and what was logged on the way."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from accelerator.runtime.data.randomness import mix_seed, seeded_globals
from accelerator.runtime.scalars import Point, reduce_values

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


def evaluate(context: "Context", split: str) -> dict[str, float] | None:
    """Evaluate every set of a split and log what came out.

    Metrics are named `<split>/<name>`, or `<split>/<set>/<name>` where the split has several sets; `<split>/loss` is
    the mean over all items of all sets. Global generators are left as they were.

    Args:
        context: a built context, running or not.
        split: `validation` or `test`.

    Returns:
        All values by full name; None when a signal ended the pass early.
    """
    state, began = context.state, time.perf_counter()
    context._logged.clear()  # of a pass that was broken off
    with evaluating(context, split), torch.no_grad(), seeded_globals(mix_seed(context.settings.seed, state.step)):
        for hook in context.events.of(f"{split}_start"):
            hook(context)
        values: dict[str, float] = {}
        losses: list[tuple[float, int]] = []
        for name, loader in context.evaluation_loaders[split].items():
            state.dataset = name
            found = _evaluate_set(context, split, loader)
            if found is None:
                return None
            prefix = f"{split}/{name}" if name else split
            values |= {f"{prefix}/{key}": value for key, value in found[0].items()}
            if found[1]:
                losses.append((found[0]["loss"], found[1]))
        items = sum(count for _, count in losses)
        if items:
            values[f"{split}/loss"] = (
                sum(loss * count for loss, count in losses) / items if len(losses) > 1 else losses[0][0]
            )
        values |= _logged(context)
        state.metrics.update(values)
        state.evaluation_seconds += time.perf_counter() - began
        now = time.time()
        if context.recorder is not None:
            context.recorder.points(Point(name, value, state.step, state.epoch, now) for name, value in values.items())
        for hook in context.events.of(f"{split}_end"):
            hook(context)
    return values


def _evaluate_set(context: "Context", split: str, loader: Any) -> tuple[dict[str, float], int] | None:
    """Return the values of one set and its items; None when a signal ended the pass."""
    state, metrics = context.state, context.metrics[split]
    hooks = context.events.of(f"{split}_batch_end")
    metrics.reset()
    totals: dict[str, Any] = {}
    items = 0
    for batch, _ in itertools.islice(loader.epoch(0), context.settings.loader.evaluation_batches):
        if state.stop_signal is not None:
            return None
        state.batch = batch
        with context.engine.autocast():
            result = context.task.validation_step(context, batch)
        state.result = result
        for name, value in [("loss", result.loss), *((f"loss_{name}", term) for name, term in result.terms.items())]:
            weighted = value.detach().double() if value.device.type != "mps" else value.detach().float()
            totals[name] = totals.get(name, 0.0) + weighted * result.num_items
        items += result.num_items
        metrics.update(result.outputs, batch)
        for hook in hooks:
            hook(context)
    if not items:
        return {"loss": float("nan")}, 0
    return {name: float(total) / items for name, total in totals.items()} | metrics.compute(), items


@contextmanager
def evaluating(context: "Context", split: str) -> Iterator[None]:
    """Put the model in evaluation mode, and every module of it back in its own after."""
    modes = {module: module.training for module in context.model.modules()}
    state = context.state
    context.model.eval()
    state.split = split
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
        state.split, state.dataset, state.batch, state.result = "train", "", None, None


def _logged(context: "Context") -> dict[str, float]:
    """Return what callbacks and the task logged during this pass, each name reduced to one value."""
    logged, context._logged = context._logged, {}
    return {
        name: reduce_values([float(value) for value, _ in values], values[-1][1]) for name, values in logged.items()
    }
