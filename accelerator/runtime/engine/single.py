"""One process on one device."""

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, final

import torch
from torch import Tensor

from accelerator.errors import ConfigError, Problem, did_you_mean
from accelerator.runtime.engine.engine import Engine, move_nested

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_CHANNELS_LAST = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)


@final
class SingleEngine(Engine):
    """Trains in this process.

    Args:
        device: `auto` (CUDA, then Apple's MPS, then the CPU), or a torch device such as `cuda:1`.
        devices: how many devices; one process uses 1.
        precision: `fp32`; `bf16` and `fp16` run forward passes under autocast, `fp16` with a scaled loss.
        compile: compile the model with torch.compile.
        deterministic: only deterministic kernels; slower on a GPU, needed there for bitwise equal resumes.
        threads: CPU threads of torch; null leaves torch's own choice.
        timeout: how long processes wait for each other; one process waits for nobody.
        oom: `fail`: running out of memory ends the run.

    Raises:
        ConfigError: a device that is not there, or a value that is none of those above.
    """

    def __init__(
        self,
        device: str = "auto",
        devices: int = 1,
        precision: Literal["fp32", "bf16", "fp16"] = "fp32",
        compile: bool = False,
        deterministic: bool = False,
        threads: int | None = None,
        timeout: str = "30min",
        oom: Literal["fail"] = "fail",
    ) -> None:
        _check("engine.precision", precision, _DTYPES)
        _check("engine.oom", oom, ("fail",))
        if devices != 1:
            raise ConfigError(
                Problem("engine.devices", f"{devices} devices, but one process uses 1", "Set engine.devices=1.")
            )
        if threads is not None and threads < 1:
            raise ConfigError(
                Problem("engine.threads", f"{threads} must be at least 1, or null", "Set engine.threads=null.")
            )
        self.device = choose_device(device)
        self.is_asynchronous = self.device.type == "cuda"
        self.timeout = timeout
        self._dtype = _DTYPES[precision]
        self._precision = precision
        self._compile = compile
        self._deterministic = deterministic
        self.threads = threads
        self._before: tuple[int, bool, bool] | None = None
        self._memory_format = ""
        self._scaler = torch.amp.GradScaler(self.device.type) if precision == "fp16" else None
        self._is_scale_due = False
        self._plain = contextlib.nullcontext()

    def start(self) -> None:
        self._before = (
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        if self._deterministic:
            torch.use_deterministic_algorithms(True)

    def stop(self) -> None:
        if self._before is not None:
            torch.set_num_threads(self._before[0])
            torch.use_deterministic_algorithms(self._before[1], warn_only=self._before[2])
            self._before = None

    def prepare(self, model: torch.nn.Module) -> torch.nn.Module:
        model = model.to(self.device)
        if any(isinstance(module, _CHANNELS_LAST) for module in model.modules()):
            # On the CPU and on CUDA convolutions run faster with channels innermost; MPS gains nothing.
            if self.device.type in ("cpu", "cuda"):
                model = model.to(memory_format=torch.channels_last)
                self._memory_format = "channels_last"
        if self._compile:
            model.compile()
        return model

    def move(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        if self.device.type == "cpu":
            for value in batch.values():
                if not isinstance(value, Tensor) or value.device.type != "cpu":
                    break
            else:
                return batch if isinstance(batch, dict) else dict(batch)
        moved: dict[str, Any] = move_nested(batch, self.device, non_blocking=self.is_asynchronous)
        return moved

    def autocast(self) -> AbstractContextManager[Any]:
        if self._dtype is torch.float32:
            return self._plain
        return torch.autocast(self.device.type, self._dtype)

    def backward(self, loss: Tensor) -> None:
        if self._scaler is None:
            loss.backward()
        else:
            self._update_scale()
            self._scaler.scale(loss).backward()

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._is_scale_due = True

    def report(self) -> list[str]:
        threads = torch.get_num_threads()
        words = [f"device {self.device}", f"{threads} thread{'s' * (threads > 1)}", self._precision]
        words += [self._memory_format] if self._memory_format else []
        words += ["compiled"] if self._compile else []
        words += ["deterministic kernels"] if self._deterministic else []
        return words

    def state_dict(self) -> dict[str, Any]:
        if self._scaler is None:
            return {}
        self._update_scale()
        return dict(self._scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self._scaler is not None and state:
            self._scaler.load_state_dict(state)

    def _update_scale(self) -> None:
        """Adapt the loss scale once all optimizers of a step have stepped: they must see the same scale."""
        if self._scaler is not None and self._is_scale_due:
            self._scaler.update()
            self._is_scale_due = False


def choose_device(name: str) -> torch.device:
    """Return the device of that name; `auto` takes the fastest kind that is there.

    Raises:
        ConfigError: torch does not know it, or it is not there.
    """
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there = [*(f"cuda:{number}" for number in range(torch.cuda.device_count())), *there]
    if name == "auto":
        return torch.device(there[0])
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _no_device(name, there) from error
    found = f"{device.type}:{device.index or 0}" if device.type == "cuda" else device.type
    if found not in there:
        raise _no_device(name, there)
    return torch.device(found)


def _no_device(name: str, there: list[str]) -> ConfigError:
    return ConfigError(
        Problem(
            "engine.device", f"there is no device '{name}' here; there is {', '.join(there)}", "Set engine.device=auto."
        )
    )


def _check(key: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise ConfigError(
            Problem(key, f"'{value}' is none of its values. {did_you_mean(value, allowed)}", "Choose one.")
        )
