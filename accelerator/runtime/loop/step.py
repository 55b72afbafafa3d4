"""One micro-batch, and one optimizer step: the hot path.

Nothing here waits for the device, opens a file or prints. Python's own cost is kept small, since on a small model it is
all the cost there is: events nobody listens to are empty tuples, gradients are dropped by assignment (which is what
`zero_grad(set_to_none=True)` does, less its bookkeeping), and the loss is kept as it is until the next fetch.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from accelerator.runtime.data.transforms import batch_size_of

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


def run_batch(context: "Context", batch: Mapping[str, Any], share: float | None) -> int:
    """Run forward and backward on one micro-batch and return its number of items.

    Args:
        context: the running context.
        batch: the batch, on the device.
        share: None when the micro-batch is a whole step. Otherwise the items of a full step: the loss is weighted by
            its items over these, so that micro-batches add up to the mean over all items.
    """
    state, events = context.state, context.events
    state.batch = batch
    for hook in events.batch_start:
        hook(context)
    with context.engine.autocast():
        result = context.task.training_step(context, batch)
    items = result.num_items
    if not context.task.manual:
        context.engine.backward(result.loss if share is None else result.loss * (items / share))
    state.result = result
    state.samples += batch_size_of(batch)
    context.scalars.add_loss(result.loss, items, result.terms, state.step + 1)
    if context.has_train_metrics:
        with torch.no_grad():
            context.metrics["train"].update(result.outputs, batch)
    for hook in events.backward_end:
        hook(context)
    for hook in events.batch_end:
        hook(context)
    return items


def run_step(context: "Context", correction: float = 1.0) -> None:
    """Turn the gathered gradients into one step of every optimizer.

    Args:
        context: the running context.
        correction: what the gradients are multiplied with first: full items over true items of the step, when they
            differ (the last step of an epoch, losses that count tokens).
    """
    state, events = context.state, context.events
    is_ours = not context.task.manual
    if is_ours and (correction != 1.0 or context.touches_gradients):
        _make_true(context, correction)
    for hook in events.step_start:
        hook(context)
    if is_ours:
        _change_parameters(context)
    state.step += 1
    state.epoch_step += 1
    for schedule in context.step_schedules:
        schedule.step(state.metrics)
    for hook in events.step_end:
        hook(context)


def _make_true(context: "Context", correction: float) -> None:
    """Make the gradients what they are the mean over all items of the step, without a loss scale."""
    if correction != 1.0:
        torch._foreach_mul_([item.grad for item in context.trained if item.grad is not None], correction)
    if context.touches_gradients:
        for optimizer in context.optimization.optimizers.values():
            context.engine.unscale(optimizer)


def _change_parameters(context: "Context") -> None:
    train, step = context.settings.train, context.engine.step
    if train.clip_value is not None:
        torch.nn.utils.clip_grad_value_(context.trained, train.clip_value)
    if train.clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(context.trained, train.clip_norm)
    for optimizer in context.optimization.optimizers.values():
        step(optimizer)
    for parameter in context.trained:
        parameter.grad = None
