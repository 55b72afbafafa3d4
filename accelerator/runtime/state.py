"""Where a run stands: the counters and the things of the moment, written by the loop and read by everyone else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerator.runs.summary import Best
from accelerator.runtime.task import StepResult

COUNTERS = (
    *("epoch", "step", "epoch_step", "samples", "seconds", "evaluation_seconds"),
    *("validated_step", "saved_step", "epoch_open"),
)


@dataclass(slots=True)
class TrainState:
    """The loop is the only writer. What stands in `COUNTERS` is saved with every checkpoint."""

    epoch: int = 0
    """Epochs completed; so within the first epoch it is 0."""
    step: int = 0
    """Optimizer steps done since the start of the run, resumes included."""
    epoch_step: int = 0
    """Optimizer steps done in the current epoch."""
    samples: int = 0
    """Training samples seen."""
    seconds: float = 0.0
    """Wall time spent in training, earlier parts of a resumed run included."""
    evaluation_seconds: float = 0.0
    """How much of that went into validation and test."""
    validated_step: int = -1
    """The step of the last complete validation."""
    saved_step: int = -1
    """The step of the last checkpoint."""
    epoch_open: bool = False
    """Whether `epoch_start` was announced and `epoch_end` was not."""

    num_epochs: int | None = None
    """Planned epochs; None when steps or time end the run."""
    num_steps: int | None = None
    """Planned optimizer steps; None when it cannot be known."""
    steps_per_epoch: int | None = None
    """Optimizer steps in one epoch; None for data without a length."""
    split: str = "train"
    """`train`, `validation` or `test`: what is running now."""
    dataset: str = ""
    """The name of the set within the split, when it has several."""
    batch: Mapping[str, Any] | None = None
    result: StepResult | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    """The newest value of everything logged, by its full name (`validation/accuracy`)."""
    best: Best | None = None
    """`{metric, value, step, checkpoint}` of the best checkpoint so far."""
    checkpoint: Path | None = None
    """The checkpoint of the moment: the last one saved or loaded."""
    error: BaseException | None = None
    stop_signal: int | None = None
    """The signal that asked the run to stop (SIGINT, SIGTERM)."""
    stopped_at: float | None = None
    """When that signal came, by `time.monotonic()`."""
    stop_reason: str = ""
    """Why the run ends before its planned end; "" while it goes on."""

    def counters(self) -> dict[str, Any]:
        """Return what a checkpoint saves of this state."""
        saved: dict[str, Any] = {name: getattr(self, name) for name in COUNTERS}
        return saved | {"metrics": dict(self.metrics), "best": self.best}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what `counters` returned."""
        for name in COUNTERS:
            setattr(self, name, saved[name])
        self.metrics = dict(saved["metrics"])
        self.best = saved["best"]
