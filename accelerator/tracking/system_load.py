"""How busy this machine is: processors, memory, disk, network, and GPUs where there are any.

The names are MLflow's own, so that its page of system metrics shows them. One reading takes about a millisecond.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pynvml

_MEGABYTE = 1e6
_log = logging.getLogger(__name__)


class SystemLoad:
    """Measures this machine, from one reading to the next."""

    def __init__(self, folder: Path, nvml: Any = pynvml) -> None:
        """
        Args:
            folder: lies on the disk that is measured.
            nvml: NVIDIA's management library.
        """
        self._folder = folder
        self._nvml = nvml
        self._gpus = _find_gpus(nvml)
        psutil.cpu_percent()  # the next call tells the mean since this one
        self._network = psutil.net_io_counters()

    def read(self) -> dict[str, float]:
        """Return the readings by name: the processors' as the mean since the last one, the network's since the first.

        What this machine does not tell is left out.
        """
        memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(self._folder))
        found = {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / _MEGABYTE,
            "system_memory_usage_percentage": memory.used / memory.total * 100,
            "disk_usage_percentage": disk.percent,
            "disk_usage_megabytes": disk.used / _MEGABYTE,
            "disk_available_megabytes": disk.free / _MEGABYTE,
        }
        now = psutil.net_io_counters()
        if now is not None and self._network is not None:  # a sandbox may have no network at all
            found["network_receive_megabytes"] = (now.bytes_recv - self._network.bytes_recv) / _MEGABYTE
            found["network_transmit_megabytes"] = (now.bytes_sent - self._network.bytes_sent) / _MEGABYTE
        for number, gpu in enumerate(self._gpus):
            found.update((f"gpu_{number}_{name}", value) for name, value in self._read_gpu(gpu))
        return {name: round(float(value), 1) for name, value in found.items()}

    def _read_gpu(self, gpu: Any) -> Iterator[tuple[str, float]]:
        """Yield what a GPU tells: one that is shared or old keeps some of it to itself."""
        nvml = self._nvml
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(gpu)
            yield "memory_usage_megabytes", memory.used / _MEGABYTE
            yield "memory_usage_percentage", memory.used / memory.total * 100
            yield "utilization_percentage", nvml.nvmlDeviceGetUtilizationRates(gpu).gpu
            power, limit = nvml.nvmlDeviceGetPowerUsage(gpu), nvml.nvmlDeviceGetEnforcedPowerLimit(gpu)
            yield "power_usage_watts", power / 1000
            if limit:  # some drivers tell none
                yield "power_usage_percentage", power / limit * 100
        except nvml.NVMLError as error:
            _log.debug("a GPU does not tell all: %s", error)


def _find_gpus(nvml: Any) -> list[Any]:
    """Return a handle of each GPU; none where there is no NVIDIA driver."""
    try:
        nvml.nvmlInit()
        return [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError:
        return []
