"""A training process for tests to kill. Imported ahead by the server that forks it, so that it starts at once.

It says `step N` after each optimizer step, `validation` inside a validation pass, and at last `end STATUS`.
"""

import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, TensorDataset

from accelerator.config.interval import Interval
from accelerator.config.schema import CheckpointConfig, LoaderConfig, TrainConfig
from accelerator.runs.folder import RunFolder
from accelerator.runtime.checkpoint.resume import prepare_resume
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.events import Callback
from accelerator.runtime.loop.train_loop import TrainLoop


class Noisy(Dataset[Any]):
    """Draws from a global generator for each sample."""

    def __init__(self, length: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self._inputs = torch.randn(length, 4, generator=generator)

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._inputs[index] + 0.1 * torch.rand(4), int(self._inputs[index, :3].argmax())


class Model(nn.Sequential):
    """With dropout, so that a resume must put the generators back."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))


class Tell(Callback):
    """Says where the run is, slowly enough to be hit there."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s

    def on_step_end(self, context: Context) -> None:
        self._say(f"step {context.state.step}")

    def on_validation_batch_end(self, context: Context) -> None:
        self._say("validation")

    def _say(self, text: str) -> None:
        print(text, flush=True)
        time.sleep(self._pause_s)


def make(options: dict[str, str]) -> Context:
    """Return the context of this process: 24 samples, 6 steps an epoch, 3 epochs."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Model()
    validation = torch.randn(8, 4)
    return Context(
        model=model,
        loss=nn.CrossEntropyLoss(),
        optimizer=torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True),
        data=DataSplits(Noisy(24), TensorDataset(validation, validation[:, :3].argmax(1))),
        loader=LoaderConfig(
            batch_size=4, micro_batch_size=int(options.get("micro", 4)), workers=int(options.get("workers", 0))
        ),
        train=TrainConfig(epochs=int(options.get("epochs", 3)), log_every=Interval.parse("1st")),
        checkpoint=CheckpointConfig(every=Interval.parse(options.get("every", "2st"))),
        callbacks={"tell": Tell(float(options.get("pause_s", 0)))},
    )


def main(project: Path, action: str, options: dict[str, str]) -> None:
    """Train in a session of its own, and say how it ended.

    Args:
        project: where to stand; `said.txt` in it takes what is said, `failed.txt` what goes wrong.
        action: `new`, or the run folder to go on with.
        options: what differs from the usual run.
    """
    os.setsid()
    multiprocessing.set_start_method("fork", force=True)  # for workers; else they were started as this process was
    os.chdir(project)
    for stream, name in ((sys.stdout, "said.txt"), (sys.stderr, "failed.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    context = make(options)
    if action != "new":
        resumption = prepare_resume(context, RunFolder(Path(action)))
        print(f"resume {resumption.step} {resumption}", flush=True)
    summary = TrainLoop(context).run()
    print(f"end {summary.status}", flush=True)
