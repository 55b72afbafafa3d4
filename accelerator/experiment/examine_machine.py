"""Versions, devices, threads, memory and disk, as findings."""

import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from accelerator.experiment.finding import OK, PROBLEM, WARNING, Finding

_DISTRIBUTIONS = ("accelerator-framework", "torch", "torchvision", "hydra-core", "omegaconf", "mlflow", "numpy")
_OPTIONAL = ("torchvision",)
_IMPORT_TIMEOUT_S = 120.0
_TOLD = "devices "
_LEAST_FREE_BYTES, _FEW_FREE_BYTES = 200 * 2**20, 5 * 2**30
_LEAST_MEMORY_BYTES = 2 * 2**30
ASK_TORCH = """
import json, torch
devices = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
print("devices " + json.dumps({
    "version": torch.__version__, "cuda_built": torch.version.cuda, "cuda": devices,
    "mps": torch.backends.mps.is_available(), "threads": torch.get_num_threads(),
}))
"""


def examine_versions() -> list[Finding]:
    """Return the versions of Python and of the packages that we stand on."""
    findings = [Finding("Python", OK, f"{platform.python_version()} ({sys.executable})")]
    for name in _DISTRIBUTIONS:
        try:
            findings.append(Finding(name, OK, metadata.version(name)))
        except metadata.PackageNotFoundError:
            if name not in _OPTIONAL:
                findings.append(Finding(name, PROBLEM, "is not installed", f"pip install {name}"))
    return findings


def examine_machine(answer: str) -> list[Finding]:
    """Return what torch says of devices, and what the machine has.

    `answer` is what a process that imports torch anyway printed to `ASK_TORCH`; without an answer in it torch is asked
    in a process of its own.
    """
    memory = psutil.virtual_memory()
    is_little = memory.available < _LEAST_MEMORY_BYTES
    text = f"{_gib(memory.available)} of {_gib(memory.total)} available"
    remedy = "Close other programs, or use a smaller loader.batch_size" if is_little else ""
    return [
        *_devices(answer),
        Finding("CPUs", OK, f"{os.cpu_count()}"),
        Finding("memory", WARNING if is_little else OK, text, remedy),
    ]


def examine_disk(output: Path) -> Finding:
    """Return whether runs can be written below `output`, and how much room there is."""
    folder = next((item for item in (output, *output.parents) if item.is_dir()), Path("/"))
    if not os.access(folder, os.W_OK):
        return Finding("output", PROBLEM, f"{folder} may not be written", "Name another with paths.output=DIR")
    free = shutil.disk_usage(folder).free
    text = f"{output}, {_gib(free)} free"
    if free >= _FEW_FREE_BYTES:
        return Finding("output", OK, text)
    state = PROBLEM if free < _LEAST_FREE_BYTES else WARNING
    return Finding("output", state, text, "Free some space, or name another folder with paths.output=DIR")


def _devices(answer: str) -> list[Finding]:
    try:
        found = _told(answer) or _told(_ask())
        if found is None:
            return [Finding("devices", PROBLEM, "torch does not answer", "Install torch again")]
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        return [Finding("devices", PROBLEM, f"torch does not import: {reason}", "Install torch again")]
    except (subprocess.TimeoutExpired, ValueError) as error:
        return [Finding("devices", PROBLEM, f"torch does not answer: {error}", "Install torch again")]
    devices = [*found["cuda"], *(["mps"] if found["mps"] else []), f"cpu with {found['threads']} threads"]
    if found["cuda_built"] and not found["cuda"] and shutil.which("nvidia-smi"):
        remedy = "Look at `nvidia-smi` and at the driver's version: this torch wants CUDA " + str(found["cuda_built"])
        return [Finding("devices", WARNING, f"{', '.join(devices)}; torch finds no GPU", remedy)]
    return [Finding("devices", OK, ", ".join(devices))]


def _ask() -> str:
    command = [sys.executable, "-c", ASK_TORCH]
    return subprocess.run(command, capture_output=True, text=True, timeout=_IMPORT_TIMEOUT_S, check=True).stdout


def _told(out: str) -> dict[str, Any] | None:
    told = [line.removeprefix(_TOLD) for line in out.splitlines() if line.startswith(_TOLD)]
    found: dict[str, Any] | None = json.loads(told[0]) if told else None
    return found


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
