"""The engine that fits the machine and the launch."""

from typing import Literal

from accelerator.runtime.engine.engine import Engine
from accelerator.runtime.engine.single import SingleEngine


def auto(
    device: str = "auto",
    devices: int = 1,
    precision: Literal["fp32", "bf16", "fp16"] = "fp32",
    compile: bool = False,
    deterministic: bool = False,
    threads: int | None = None,
    timeout: str = "30min",
    oom: Literal["fail"] = "fail",
) -> Engine:
    """Return the engine for this process: alone, a `SingleEngine` on the fastest device there is.

    The arguments are those of `SingleEngine`.
    """
    return SingleEngine(device, devices, precision, compile, deterministic, threads, timeout, oom)
