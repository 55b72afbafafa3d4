"""Signals, full disks and second writers: what a training process does when the world is against it."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from accelerator.config.interval import Interval
from accelerator.config.schema import CheckpointConfig, LoaderConfig, TrainConfig
from accelerator.errors import StorageError
from accelerator.runs.checkpoints import list_checkpoints
from accelerator.runs.journal import read_journal
from accelerator.runs.lock import is_held
from accelerator.runs.summary import read_summary
from accelerator.runtime.checkpoint.files import read_checkpoint
from accelerator.runtime.checkpoint.resume import prepare_resume
from accelerator.runtime.context import Context
from accelerator.runtime.events import Callback
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.testing.tiny import tiny_data
from tests.faults.processes import Training, assert_gone, only_run


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_ends_the_run_with_all_its_processes(
    number: signal.Signals, workers: int, project: Path
) -> None:
    training = Training(project, pause_s=0.05, epochs=1000, every="1000ep", workers=workers).wait_for("step 4")
    processes = training.tree()
    training.send(number, to_group=True)
    assert training.end() == 0, training.stderr

    folder = only_run(project)
    summary = read_summary(folder)
    (checkpoint,) = list_checkpoints(folder.checkpoints)
    assert len(processes) >= 1 + workers
    assert_gone(processes)
    assert training.lines[-1] == "end interrupted"
    assert (summary.status, summary.checkpoint, summary.step) == (
        "interrupted",
        checkpoint.name,
        int(checkpoint.name[5:]),
    )
    assert read_checkpoint(checkpoint).step == summary.step
    assert not is_held(folder.lock)


def test_a_second_interrupt_ends_the_run_at_once(project: Path) -> None:
    training = Training(project, pause_s=1000, epochs=1000).wait_for("step 1")
    training.send(signal.SIGINT)
    time.sleep(0.2)
    training.send(signal.SIGINT)

    assert training.end() is not None
    assert "KeyboardInterrupt" in training.stderr
    assert read_summary(only_run(project)).status == "interrupted"


@pytest.fixture
def small_disk(project: Path) -> Iterator[Path]:
    """Return the outputs folder of the project, on a file system of 2 MiB; skipped where mounting is refused."""
    outputs = project / "outputs"
    outputs.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(outputs)], capture_output=True)
    if made.returncode:
        pytest.skip("mounting is refused here")
    yield outputs
    subprocess.run(["umount", "-l", str(outputs)], check=True)


class Fill(Callback):
    """Fills the disk at one step, up to a number of bytes that stay free."""

    def __init__(self, folder: Path, step: int, free: int) -> None:
        self._folder, self._step, self._free = folder, step, free

    def on_step_start(self, context: Context) -> None:
        if context.state.step + 1 == self._step:
            with (self._folder / "filler").open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    file.truncate(max(0, file.tell() - self._free))


def _context(*callbacks: Callback, every: str = "2st", width: int = 64) -> Context:
    torch.set_num_threads(1)
    model = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 3))
    return Context(
        model=model,
        loss=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        data=tiny_data(32),
        loader=LoaderConfig(batch_size=8),
        train=TrainConfig(epochs=6, log_every=Interval.parse("1st")),
        checkpoint=CheckpointConfig(every=Interval.parse(every)),
        callbacks={f"fill_{place}": item for place, item in enumerate(callbacks)},
    )


@pytest.mark.parametrize("free", [0, 4096, 16384, 40960], ids=lambda free: f"{free} bytes free")
def test_a_full_disk_ends_the_run_and_damages_nothing(free: int, small_disk: Path, inside_project: Path) -> None:
    context = _context(Fill(small_disk, 5, free), width=500)
    with pytest.raises(
        StorageError, match="could not be written: No space left on device. The disk is full. Free some"
    ):
        TrainLoop(context).run()

    folder = only_run(inside_project)
    sound = [read_checkpoint(path).step for path in list_checkpoints(folder.checkpoints)]
    assert len(sound) >= 2 and sound[-1] >= 4
    assert [path.name for path in folder.checkpoints.iterdir() if path.name.endswith(".partial")] == []
    steps = [item["step"] for item in read_journal(folder.journal) if item.get("name") == "train/loss"]
    assert steps == list(range(1, len(steps) + 1)) and len(steps) >= 4
    assert read_summary(folder).status in ("failed", "died")
    assert not is_held(folder.lock)
    assert [item.name for item in threading.enumerate() if item.name.startswith("checkpoint")] == []

    (small_disk / "filler").unlink()
    again = _context(width=500)
    assert prepare_resume(again, folder).step == sound[-1]
    assert TrainLoop(again).run().step == 24


def test_a_disk_that_is_full_from_the_start_is_told(small_disk: Path, inside_project: Path) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 4096)

    with pytest.raises(StorageError, match="No space left on device"):
        TrainLoop(_context()).run()


class Refuse(Callback):
    """Makes one writing operation of the process fail from a step on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, operation: str, step: int) -> None:
        self._monkeypatch, self._operation, self._step = monkeypatch, operation, step

    def on_step_start(self, context: Context) -> None:
        if context.state.step + 1 == self._step:
            self._monkeypatch.setattr(self._operation, _no_space)


def _no_space(*args: Any, **options: Any) -> Any:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("operation", ["os.fsync", "os.replace", "pathlib.Path.rename", "pathlib.Path.mkdir"])
def test_any_operation_that_the_disk_refuses_is_a_storage_error(
    operation: str, inside_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = _context(Refuse(monkeypatch, operation, 3), every="1st")
    with monkeypatch.context():
        with pytest.raises(StorageError, match="No space left on device"):
            TrainLoop(context).run()
    monkeypatch.undo()

    folder = next(iter((inside_project / "outputs" / "run").iterdir()))
    from accelerator.runs.folder import RunFolder

    for path in list_checkpoints(RunFolder(folder).checkpoints):
        assert read_checkpoint(path).step <= 3
    assert not is_held(RunFolder(folder).lock)


def test_an_artifact_on_a_full_disk_is_a_storage_error(small_disk: Path, inside_project: Path) -> None:
    class Draw(Callback):
        def on_step_end(self, context: Context) -> None:
            context.log_text("notes", "x" * 4_000_000)

    with pytest.raises(StorageError, match="notes-step-00000001.txt: could not be written: No space left on device"):
        TrainLoop(_context(Draw())).run()
