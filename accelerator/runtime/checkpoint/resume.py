"""Going on with a run: from which checkpoint, and whether it will end with the same bits as if never stopped.

A resume is *exact* when nothing differs that the computation depends on: versions, device, threads, processes,
deterministic kernels, and the config without what cannot change the result. Anything else is *continuous*: no sample
is lost or doubled, and the reasons are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import yaml

from accelerator.errors import CheckpointError, RunLockedError
from accelerator.hostile_yaml import measure_yaml
from accelerator.leaves import leaves
from accelerator.runs.checkpoints import list_checkpoints
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import is_held, read_holder
from accelerator.runtime.checkpoint.files import Checkpoint, read_checkpoint
from accelerator.runtime.checkpoint.saver import made_with, restore
from accelerator.runtime.recorder import saved_config

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

# What may differ without changing what is computed; a trailing dot stands for everything below.
_HARMLESS = (
    *(
        "name",
        "config_version",
        "tags.",
        "note",
        "system_every",
        "tracking",
        "tracking.",
        "paths.",
        "trust",
        "callback.progress",
    ),
    *("callback.progress.", "checkpoint.", "weights", "launch.", "train.max_time", "train.log_every", "vars."),
    *("loader.workers", "engine.threads"),  # the one changes nothing, the other is told by the number of threads
)
_LENGTH = ("train.epochs", "train.steps")


@dataclass(frozen=True)
class Resumption:
    """What a run goes on from. `reasons` is empty when the resume is exact."""

    folder: RunFolder
    checkpoint: Checkpoint | None
    """None: the run was killed before its first checkpoint, and starts again from step 0 in its folder."""
    reasons: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    """Checkpoints that were passed over, and why."""

    @property
    def step(self) -> int:
        return 0 if self.checkpoint is None else self.checkpoint.step

    def __str__(self) -> str:
        return "exact" if not self.reasons else f"continuous: because {'; '.join(self.reasons)}"


def prepare_resume(context: "Context", folder: RunFolder) -> Resumption:
    """Build a context and put it where the newest sound checkpoint of a run was taken.

    Raises:
        RunLockedError: the run is running.
        CheckpointError: the run has checkpoints and none of them is sound.
    """
    if is_held(folder.lock):
        holder = read_holder(folder.lock)
        who = f"process {holder.pid} on {holder.host}" if holder is not None else "another process"
        raise RunLockedError(f"{folder.path} is being written by {who}. Wait for it, or stop it first.")
    context.build()
    checkpoint, damaged = newest_sound(folder)
    changed: dict[str, tuple[Any, Any]] = {}
    if checkpoint is not None:
        changed = _changed_keys(context, checkpoint)
        saved = checkpoint.state["made_with"]
        if context.engine.threads is None:
            torch.set_num_threads(saved["threads"])
        restore(context, checkpoint, changed)
    reasons = () if checkpoint is None else tuple(_reasons(context, checkpoint, changed))
    context.resumption = Resumption(folder, checkpoint, reasons, damaged)
    return context.resumption


def newest_sound(folder: RunFolder) -> tuple[Checkpoint | None, tuple[str, ...]]:
    """Return the newest checkpoint whose files are what its manifest states, and what is wrong with newer ones.

    Raises:
        CheckpointError: there are checkpoints and none is sound.
    """
    damaged: list[str] = []
    for path in reversed(list_checkpoints(folder.checkpoints)):
        try:
            return read_checkpoint(path), tuple(damaged)
        except CheckpointError as error:
            damaged.append(str(error))
    if damaged:
        raise CheckpointError(f"No checkpoint of {folder.path} is sound. {' '.join(damaged)} Start a new run.")
    return None, ()


def _reasons(context: "Context", checkpoint: Checkpoint, changed: Mapping[str, tuple[Any, Any]]) -> list[str]:
    then, now = checkpoint.state["made_with"], made_with(context)
    reasons = [f"{name} was {then.get(name)} and is {now[name]}" for name in now if then.get(name) != now[name]]
    if context.device.type == "cuda" and not torch.are_deterministic_algorithms_enabled():
        reasons.append("CUDA kernels are not deterministic (engine.deterministic=false)")
    if any(key in _LENGTH for key in changed) and _has_horizon(context):
        reasons.append("the schedule changed")
    reasons += [f"{key} was {old} and is {new}" for key, (old, new) in changed.items() if key not in _LENGTH]
    return reasons


def _has_horizon(context: "Context") -> bool:
    """Tell whether the schedule depends on how long the run is."""
    return context.config is not None and "train.total_steps" in saved_config(context)


def _changed_keys(context: "Context", checkpoint: Checkpoint) -> dict[str, tuple[Any, Any]]:
    """Return the config keys that differ from what the checkpoint was made with and can change what is computed.

    Not from the folder's config.yaml: that may be of a resume that ended before it saved.
    """
    then = dict(leaves(_then(checkpoint)))
    now = dict(leaves(yaml.safe_load(saved_config(context)) or {}))
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key) and not _is_harmless(key)]
    return {key: (then.get(key), now.get(key)) for key in keys}


def _then(checkpoint: Checkpoint) -> Any:
    """Return the config that a checkpoint was made with.

    Raises:
        CheckpointError: it holds none.
    """
    try:
        text = str(checkpoint.state["config"])
        measure_yaml(text)
        return yaml.safe_load(text) or {}
    except (KeyError, ValueError, yaml.YAMLError) as error:
        raise CheckpointError(f"{checkpoint.path}: its state holds no config of a run: {error}") from error


def _is_harmless(key: str) -> bool:
    return any(key == name or (name.endswith(".") and key.startswith(name)) for name in _HARMLESS)
