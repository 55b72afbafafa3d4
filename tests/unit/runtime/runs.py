"""Tiny runs for tests: a context in one line, a callback that hears everything, and what a run left behind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from accelerator.config.interval import Interval
from accelerator.config.schema import CheckpointConfig, LoaderConfig, TrainConfig
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import METRIC, read_journal
from accelerator.runtime.context import Context
from accelerator.runtime.events import EVENTS, Callback
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.testing.tiny import TinyModel, tiny_data


def train_config(**options: Any) -> TrainConfig:
    """Return a TrainConfig; intervals may be given as text."""
    return TrainConfig(**{"epochs": 2, "log_every": Interval.parse("1st"), **_parsed(options)})


def checkpoint_config(**options: Any) -> CheckpointConfig:
    """Return a CheckpointConfig; intervals may be given as text."""
    return CheckpointConfig(**_parsed(options))


def _parsed(options: Mapping[str, Any]) -> dict[str, Any]:
    of_time = ("every", "validate_every", "log_every", "max_time")
    return {name: Interval.parse(value) if name in of_time and value else value for name, value in options.items()}


def tiny_context(model: nn.Module | None = None, **options: Any) -> Context:
    """Return a context of 32 samples, 8 a step, two epochs; `train` and `checkpoint` may be mappings of options."""
    if model is None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = TinyModel()
    given: dict[str, Any] = {
        "loss": nn.CrossEntropyLoss(),
        "data": tiny_data(32),
        "loader": LoaderConfig(batch_size=8),
        "record": False,
        **options,
    }
    optimizer = given.pop("optimizer", None)
    if optimizer is None:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True)
    for name, make in (("train", train_config), ("checkpoint", checkpoint_config)):
        if isinstance(given.get(name), Mapping) or (name == "train" and name not in given):
            given[name] = make(**given.get(name, {}))
    return Context(model=model, optimizer=optimizer, **given)


def run(context: Context) -> Any:
    """Train a context to its end and return the summary."""
    return TrainLoop(context).run()


class Hear(Callback):
    """Keeps the name of every event with the step, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.steps: list[tuple[str, int]] = []

    def hear(self, event: str, context: Context) -> None:
        self.heard.append(event)
        self.steps.append((event, context.state.step))


def _hook(event: str) -> Any:
    return lambda self, context: self.hear(event, context)


for _event in EVENTS:
    setattr(Hear, f"on_{_event}", _hook(_event))


class At(Callback):
    """Calls a function at the end of one step."""

    def __init__(self, step: int, function: Any) -> None:
        self._step = step
        self._function = function

    def on_step_end(self, context: Context) -> None:
        if context.state.step == self._step:
            self._function(context)


class EachStep(Callback):
    """Calls a function when the gradients of a step are ready."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def on_step_start(self, context: Context) -> None:
        self._function(context)


class Stop(Exception):
    """What breaks a run off in a test."""


def break_off(context: Context) -> None:
    """Fail as if the process had been killed, so far as one process can."""
    raise Stop


def points(folder: Path | None, name: str = "") -> list[tuple[str, int, float]]:
    """Return the journal's points (name, step, value), of one metric or of all."""
    assert folder is not None
    return [
        (item["name"], item["step"], item["value"])
        for item in read_journal(RunFolder(folder).journal)
        if item["kind"] == METRIC and name in ("", item["name"])
    ]


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a model's tensors."""
    return {name: item.detach().clone() for name, item in model.state_dict().items() if isinstance(item, Tensor)}


def assert_same(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> None:
    """Assert that two models have the same bits."""
    assert list(ours) == list(theirs)
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name
