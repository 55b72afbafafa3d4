"""One pass over a split without gradients or losses: what the task predicts for each sample, in order."""

import time
from typing import TYPE_CHECKING

import torch

from accelerator.runtime.data.randomness import mix_seed, seeded_globals
from accelerator.runtime.loop.evaluation import evaluating
from accelerator.runtime.predictions import PredictionFile

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


def predict(context: "Context", split: str, file: PredictionFile) -> bool:
    """Write what the task predicts for every sample of a split; return False when a signal ended the pass early.

    Args:
        context: a built context, running.
        split: `validation` or `test`.
        file: where to.

    Raises:
        ComponentError: the task gives something that is not one entry a sample.
        StorageError: the disk refuses.
    """
    state, began = context.state, time.perf_counter()
    with evaluating(context, split), torch.no_grad(), seeded_globals(mix_seed(context.settings.seed, state.step)):
        for hook in context.events.of("predict_start"):
            hook(context)
        for name, loader in context.evaluation_loaders[split].items():
            state.dataset = name
            for batch, _ in loader.epoch(0):
                if state.stop_signal is not None:
                    return False
                state.batch = batch
                with context.engine.autocast():
                    predictions = context.task.prediction_step(context, batch)
                file.write(predictions, batch, name)
                for hook in context.events.of("predict_batch_end"):
                    hook(context)
        for hook in context.events.of("predict_end"):
            hook(context)
    state.evaluation_seconds += time.perf_counter() - began
    return True
