"""A training framework for PyTorch: one config, one run folder, nothing lost.

The public names stand here and are imported from their modules when first used, so that `import accelerator`
costs neither torch nor MLflow. Our own modules import from modules, never from here.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelerator.components import component
    from accelerator.config.compose import compose
    from accelerator.config.declared import gives
    from accelerator.errors import (
        AcceleratorError,
        CheckpointError,
        ComponentError,
        ConfigError,
        DataNotFoundError,
        InputError,
        NonFiniteError,
        RunFailedError,
        RunLockedError,
        RunNotFoundError,
        StorageError,
        UsageError,
    )
    from accelerator.experiment.load_model import load_model
    from accelerator.experiment.train import run
    from accelerator.pipeline.step_context import StepContext
    from accelerator.runs.run import Run
    from accelerator.runtime.context import Context
    from accelerator.runtime.data.splits import DataSplits
    from accelerator.runtime.engine.engine import Engine
    from accelerator.runtime.events import Callback
    from accelerator.runtime.loop.train_loop import TrainLoop
    from accelerator.runtime.task import LossValue, StepResult, Task

__all__ = [
    "AcceleratorError",
    "Callback",
    "CheckpointError",
    "ComponentError",
    "ConfigError",
    "Context",
    "DataNotFoundError",
    "DataSplits",
    "Engine",
    "InputError",
    "LossValue",
    "NonFiniteError",
    "Run",
    "RunFailedError",
    "RunLockedError",
    "RunNotFoundError",
    "StepContext",
    "StepResult",
    "StorageError",
    "Task",
    "TrainLoop",
    "UsageError",
    "component",
    "compose",
    "gives",
    "load_model",
    "run",
]

_MODULES = {
    "AcceleratorError": "accelerator.errors",
    "Callback": "accelerator.runtime.events",
    "CheckpointError": "accelerator.errors",
    "ComponentError": "accelerator.errors",
    "ConfigError": "accelerator.errors",
    "Context": "accelerator.runtime.context",
    "DataNotFoundError": "accelerator.errors",
    "DataSplits": "accelerator.runtime.data.splits",
    "Engine": "accelerator.runtime.engine.engine",
    "InputError": "accelerator.errors",
    "LossValue": "accelerator.runtime.task",
    "NonFiniteError": "accelerator.errors",
    "Run": "accelerator.runs.run",
    "RunFailedError": "accelerator.errors",
    "RunLockedError": "accelerator.errors",
    "RunNotFoundError": "accelerator.errors",
    "StepContext": "accelerator.pipeline.step_context",
    "StepResult": "accelerator.runtime.task",
    "StorageError": "accelerator.errors",
    "Task": "accelerator.runtime.task",
    "TrainLoop": "accelerator.runtime.loop.train_loop",
    "UsageError": "accelerator.errors",
    "component": "accelerator.components",
    "compose": "accelerator.config.compose",
    "gives": "accelerator.config.declared",
    "load_model": "accelerator.experiment.load_model",
    "run": "accelerator.experiment.train",
}

if not TYPE_CHECKING:  # type checkers read the imports above, and so report a name that is not public

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module 'accelerator' has no attribute '{name}'. Public: {', '.join(__all__)}.")
        return getattr(import_module(_MODULES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
