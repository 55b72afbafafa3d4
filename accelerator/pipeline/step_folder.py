"""The folder of one step inside a pipeline's folder, and how paths among a step's inputs are written down."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.pipeline.from_environment import FromEnvironment
from accelerator.runs.listing import list_runs
from accelerator.runs.run import Run

_PATH, _NUMBER, _TEXT = "__path__", "__number__", "__environment__"


@dataclass(frozen=True)
class StepFolder:
    """The layout of one step's folder. Making one touches nothing on the disk."""

    path: Path

    @property
    def task(self) -> Path:
        """What the step's process is to do, and what its inputs were when it began."""
        return self.path / "step.json"

    @property
    def config(self) -> Path:
        """Of an experiment: its config, frozen in the form of a run's; `overrides.yaml`, `provenance.json` beside."""
        return self.path / "config.yaml"

    @property
    def output(self) -> Path:
        """What the step's process printed, all attempts."""
        return self.path / "output.txt"

    @property
    def outputs(self) -> Path:
        """Of a registered step: what it gave. Written when all of it is there."""
        return self.path / "outputs.json"

    @property
    def files(self) -> Path:
        """Of a registered step: the folder that it writes to, `StepContext.folder`."""
        return self.path / "files"

    @property
    def runs(self) -> Path:
        """Of an experiment: the folder that its run folder lies below."""
        return self.path / "run"

    def run(self) -> Run | None:
        """Return the run of an experiment's step; None before it has begun."""
        runs = list_runs(self.runs)
        return runs[0] if runs else None


def encode_paths(value: Any) -> Any:
    """Return inputs as JSON holds them: what JSON has not becomes a mapping that says what it is."""
    if isinstance(value, Path):
        return {_PATH: str(value)}
    if isinstance(value, FromEnvironment):
        return {_TEXT: value.text}
    if isinstance(value, float) and not math.isfinite(value):
        return {_NUMBER: str(value)}
    if isinstance(value, Mapping):
        return {str(name): encode_paths(item) for name, item in value.items()}
    return [encode_paths(item) for item in value] if isinstance(value, list | tuple) else value


def decode_paths(value: Any) -> Any:
    """Return inputs as they were; the reverse of `encode_paths`."""
    if isinstance(value, dict):
        if value.keys() == {_PATH}:
            return Path(value[_PATH])
        if value.keys() == {_TEXT}:
            return FromEnvironment(value[_TEXT])
        if value.keys() == {_NUMBER}:
            return float(value[_NUMBER])
        return {name: decode_paths(item) for name, item in value.items()}
    return [decode_paths(item) for item in value] if isinstance(value, list) else value
