"""What a run is asked to do, apart from the components that do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerator.config.project import Project
from accelerator.config.schema import CheckpointConfig, LoaderConfig, TrainConfig


@dataclass(frozen=True)
class Settings:
    """Plain values, read once from the config or given in Python."""

    project: Project
    output: Path
    """Where run folders lie."""
    name: str = "run"
    seed: int = 0
    tags: Mapping[str, Any] = field(default_factory=dict)
    train: TrainConfig = field(default_factory=TrainConfig)
    loader: LoaderConfig = field(default_factory=LoaderConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    record: bool = True
    """Whether the run has a folder."""
    is_tracked: bool = False
    """Whether a forwarder carries the journal to a sink."""
    reads_weights: bool = True
    """Whether the model starts from what `weights` names; False when a checkpoint takes its place anyway."""
    parent: str | None = None
    """The run that this one comes from (evaluated, forked)."""

    @property
    def micro_batch_size(self) -> int:
        return self.loader.micro_batch_size or self.loader.batch_size

    @property
    def evaluation_batch_size(self) -> int:
        return self.loader.evaluation_batch_size or self.loader.batch_size
