"""Keeping an example of what the model takes and gives beside a trained run."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from accelerator.errors import ComponentError, first_line
from accelerator.redaction import redact_text
from accelerator.runs.model_example import ModelExample
from accelerator.runtime.checkpoint.tensors_file import save_tensors
from accelerator.runtime.data.randomness import seeded_globals
from accelerator.runtime.export.model_call import ModelCall, capture_call
from accelerator.runtime.export.tensors import named_tensors

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

SAMPLES = 2


def keep_example(context: "Context") -> None:
    """Call the model on two samples as the task does, and keep what went in and what came out.

    Nothing of the run hangs on it: a model that cannot be described is named in the log, with the reason.
    """
    recorder = context.recorder
    if recorder is None:
        return
    loaders = [loader for sets in context.evaluation_loaders.values() for loader in sets.values()]
    try:
        with seeded_globals(context.settings.seed):
            batch = next((found for item in [*loaders, context.train_loader] if (found := _first(item))), None)
            if batch is None:
                return
            call = capture_call(context, batch).of_samples(SAMPLES)
            inputs = dict(named_tensors(call.arguments))
            if any("." in name for name in inputs):
                raise ComponentError(f"the model takes tensors inside others ({', '.join(inputs)})")
            outputs = dict(named_tensors(call.outputs()))
            example = ModelExample(_described(call, inputs), _described(call, outputs))
        path = ModelExample.tensors(recorder.folder)
        path.parent.mkdir(exist_ok=True)
        save_tensors({name: item.contiguous().clone() for name, item in inputs.items()}, path)
        example.write(recorder.folder)
    except Exception as error:  # the border to a task and a model: training is done, and sound
        reason = redact_text(first_line(error))
        recorder.log.warning("the model is not logged with the run, for there is no example of its input: %s", reason)


def _first(loader: Any) -> Any:
    return None if loader is None else loader.first_batch()


def _described(call: ModelCall, tensors: dict[str, Tensor]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "dtype": "float32" if item.dtype == torch.bfloat16 else str(item.dtype).removeprefix("torch."),
            "shape": [-1, *item.shape[1:]] if call.is_batched(item) else list(item.shape),
        }
        for name, item in tensors.items()
    ]
