"""Training in double precision: what a rounding error is, and what a bug, shows itself there."""

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, final

import torch
from torch import Tensor

from accelerator import Engine


@final
class DoubleEngine(Engine):
    """Trains in this process with weights, inputs and gradients of 64 bits.

    Takes what every engine takes, so that `engine=double` fits wherever another engine stood.

    Args:
        device: a device that computes with 64 bits: `cpu`, `cuda`, `cuda:1`.
        devices: one process uses 1.
        precision: `fp64`.
        compile: compile the model with torch.compile.
        deterministic: only deterministic kernels.
        threads: CPU threads of torch; None leaves torch's own choice.
        timeout: how long processes wait for each other; one process waits for nobody.
        oom: `fail`: running out of memory ends the run.

    Raises:
        ValueError: a value that this engine cannot keep.
    """

    def __init__(
        self,
        device: str = "cpu",
        devices: int = 1,
        precision: str = "fp64",
        compile: bool = False,
        deterministic: bool = False,
        threads: int | None = None,
        timeout: str = "30min",
        oom: str = "fail",
    ) -> None:
        if (devices, precision, oom) != (1, "fp64", "fail"):
            raise ValueError("this engine has devices=1, precision=fp64 and oom=fail, and no others")
        self.device = torch.device(device)
        if self.device.type == "mps":
            raise ValueError("mps has no numbers of 64 bits; choose device=cpu")
        self.is_asynchronous = self.device.type == "cuda"
        self.threads = threads
        self.timeout = timeout
        self._compile = compile
        self._deterministic = deterministic
        self._before: tuple[int, bool] | None = None

    def start(self) -> None:
        """Set threads and deterministic kernels, and remember what was set before."""
        self._before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        if self._deterministic:
            torch.use_deterministic_algorithms(True)

    def stop(self) -> None:
        """Put them back."""
        if self._before is not None:
            torch.set_num_threads(self._before[0])
            torch.use_deterministic_algorithms(self._before[1])
            self._before = None

    def prepare(self, model: torch.nn.Module) -> torch.nn.Module:
        """Return the model on the device, with weights of 64 bits."""
        model = model.to(self.device, torch.float64)
        if self._compile:
            model.compile()
        return model

    def move(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Return the batch on the device, its floating-point tensors with 64 bits."""
        return {name: self._moved(value) for name, value in batch.items()}

    def autocast(self) -> AbstractContextManager[Any]:
        """Return a context that changes nothing: 64 bits are for everything."""
        return contextlib.nullcontext()

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of the loss to the parameters."""
        loss.backward()

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Do nothing: gradients are true values, 64 bits need no loss scale."""

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Step the optimizer."""
        optimizer.step()

    def report(self) -> list[str]:
        """Return what is switched on."""
        words = [f"device {self.device}", "fp64"]
        words += ["compiled"] if self._compile else []
        words += ["deterministic kernels"] if self._deterministic else []
        return words

    def _moved(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            dtype = torch.float64 if value.is_floating_point() else value.dtype
            return value.to(self.device, dtype, non_blocking=self.is_asynchronous)
        if isinstance(value, Mapping):
            return {name: self._moved(item) for name, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self._moved(item) for item in value)
        return value.to(self.device) if callable(getattr(value, "to", None)) else value
