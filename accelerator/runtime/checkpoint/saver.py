"""Takes the state of a run at a step boundary, hands it to the writer, and puts it back on a resume.

What is in a checkpoint is all that the future depends on: model, optimizers, schedulers, loss scale, loop position,
random generators, callbacks, metrics, and what was logged since the last points.
"""

import math
from collections.abc import Collection, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

from accelerator.errors import NonFiniteError
from accelerator.runs.checkpoints import checkpoint_name
from accelerator.runs.environment import OUR_DISTRIBUTION
from accelerator.runs.summary import RUNNING, Best, Summary
from accelerator.runtime.checkpoint.files import Checkpoint, Snapshot
from accelerator.runtime.checkpoint.keeper import Keeper
from accelerator.runtime.checkpoint.random_state import random_state, restore_random_state
from accelerator.runtime.checkpoint.tree import check_tree, first_non_finite, tensors_to_host, to_host
from accelerator.runtime.checkpoint.weights import load_weights
from accelerator.runtime.checkpoint.writer import CheckpointWriter
from accelerator.runtime.recorder import Recorder, saved_config, summary_of
from accelerator.runtime.scalars import LOSS

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


@final
class Saver:
    """Saves the checkpoints of one recorded run.

    Attributes:
        monitor: the metric that ranks checkpoints; `train/loss` when the run has no validation.
    """

    def __init__(self, context: "Context", recorder: Recorder) -> None:
        options = context.settings.checkpoint
        self._recorder = recorder
        self._context = context
        self._mode = options.mode
        self._keeps_best = options.keep_best > 0
        self.monitor = context.monitor
        keeper = Keeper(recorder.folder.checkpoints, options.keep_last, options.keep_best, options.mode)
        after = None if context.resumption is None else context.resumption.step
        self._writer = CheckpointWriter(keeper, self._written, after)
        self._pending: Summary = summary_of(context, RUNNING)
        self._complete = (context.state.checkpoint, context.state.best)

    def is_improved(self) -> bool:
        """Tell whether the monitored metric, just measured, is better than that of every checkpoint."""
        state = self._context.state
        if self.monitor == LOSS or not self._keeps_best or not math.isfinite(state.metrics.get(self.monitor, math.nan)):
            return False
        return state.best is None or self._is_better(state.metrics[self.monitor], state.best["value"])

    def save(self) -> Path:
        """Snapshot the run now and write it in the background; return where it will be.

        Raises:
            NonFiniteError: the model holds NaN or infinity: nothing is saved, the checkpoint before stays the last.
            StorageError: the checkpoint before could not be written.
        """
        context = self._context
        state = context.state
        model = tensors_to_host(model_state(context.model))
        trained = [name for name, item in context.model.named_parameters() if item.requires_grad]
        bad = first_non_finite({name: model[name] for name in trained if name in model})
        if bad:
            raise NonFiniteError(
                f"the model's {bad} is not finite after step {state.step}. The last checkpoint is from before. "
                f"Lower optimizer.lr, set train.clip_norm=1.0, or look at the data of that step.",
                name=bad,
                step=state.step,
            )
        path = self._recorder.folder.checkpoints / checkpoint_name(state.step)
        state.saved_step, state.checkpoint = state.step, path
        monitor = self._monitored()
        if monitor is not None and (state.best is None or self._is_better(monitor["value"], state.best["value"])):
            state.best = Best(metric=monitor["metric"], value=monitor["value"], step=state.step, checkpoint=path.name)
        self._writer.wait()  # before the summary of this one takes the place of that
        self._pending = summary_of(context, RUNNING)
        self._writer.save(Snapshot(state.step, model, to_host(run_state(context)), monitor, context.data.facts))
        return path

    def wait(self) -> None:
        """Return when everything saved is on the disk.

        Raises:
            StorageError: it could not be written.
        """
        self._writer.wait()

    def close(self) -> None:
        """End the writing thread; a checkpoint that could not be written is forgotten."""
        self._writer.close()
        state = self._context.state
        state.checkpoint, state.best = self._complete

    def _written(self, path: Path) -> None:
        self._complete = (path, self._pending.best)
        self._recorder.sync()
        self._recorder.summarise(self._pending)

    def _monitored(self) -> dict[str, Any] | None:
        state = self._context.state
        value = state.metrics.get(self.monitor)
        if self.monitor == LOSS and value is None:
            value = self._context.scalars.open_loss()
        is_fresh = self.monitor == LOSS or state.validated_step == state.step
        if not is_fresh or value is None or not math.isfinite(value):
            return None
        return {"metric": self.monitor, "value": value}

    def _is_better(self, value: float, than: float) -> bool:
        return value < than if self._mode == "min" else value > than


def model_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return the model's tensors by name."""
    return {name: item for name, item in model.state_dict().items() if isinstance(item, torch.Tensor)}


def run_state(context: "Context") -> dict[str, Any]:
    """Return everything but the model's tensors that the run's future depends on.

    Raises:
        ComponentError: a component has a state that a checkpoint cannot hold.
    """
    state: dict[str, Any] = {
        "counters": _plain(context.state.counters()),
        "extra": {
            name: item for name, item in context.model.state_dict().items() if not isinstance(item, torch.Tensor)
        },
        "optimization": context.optimization.state_dict(),
        "losses": context.losses.state_dict(),
        "engine": context.engine.state_dict(),
        "callbacks": {name: item.state_dict() for name, item in context.callbacks.items()},
        "metrics": context.metrics["train"].state_dict(),
    }
    for part, value in state.items():
        check_tree(value, part)
    return state | {
        "scalars": context.scalars.state_dict(),
        "random": random_state(),
        "made_with": made_with(context),
        "config": saved_config(context),
    }


def restore_model(context: "Context", checkpoint: Checkpoint) -> None:
    """Give a built context the weights of a checkpoint, and the step and epoch that they are from."""
    load_weights(context.model, checkpoint.model | checkpoint.state["extra"], key="model")
    counters = checkpoint.state["counters"]
    context.state.step, context.state.epoch = counters["step"], counters["epoch"]
    context.state.checkpoint = checkpoint.path


def restore(context: "Context", checkpoint: Checkpoint, changed: Collection[str] = ()) -> None:
    """Put a built context where the checkpoint was taken; the random generators come last, in `restore_random`.

    Args:
        context: what to restore.
        checkpoint: what was read.
        changed: config keys that differ from those of the checkpoint: what they set is kept as it is now.
    """
    state = checkpoint.state
    load_weights(context.model, checkpoint.model | state["extra"], key="model")
    context.losses.load_state_dict(state["losses"])
    context.state.restore(state["counters"])
    context.state.checkpoint = checkpoint.path
    context.optimization.load_state_dict(state["optimization"], changed)
    context.engine.load_state_dict(state["engine"])
    for name, callback in context.callbacks.items():
        if name in state["callbacks"]:
            callback.load_state_dict(state["callbacks"][name])
    context.metrics["train"].load_state_dict(state["metrics"])
    context.scalars.load_state_dict(state["scalars"])


def restore_random(checkpoint: Checkpoint) -> None:
    """Set the global random generators as they were when the checkpoint was taken."""
    restore_random_state(checkpoint.state["random"])


def made_with(context: "Context") -> dict[str, Any]:
    """Return what decides whether a resume can repeat the same bits."""
    return {
        "accelerator": metadata.version(OUR_DISTRIBUTION),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "processor": torch.backends.cpu.get_cpu_capability(),
        "device": context.device.type if context.device.type != "cuda" else torch.cuda.get_device_name(context.device),
        "threads": torch.get_num_threads(),
        "world_size": context.world_size,
    }


def _plain(counters: Mapping[str, Any]) -> dict[str, Any]:
    best = counters["best"]
    return {**counters, "best": None if best is None else dict(best)}
