"""What is read of the machine. A class of the same form stands in for NVIDIA's library where there is no GPU."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from accelerator.tracking.system_load import SystemLoad


class Nvml:
    """A driver with two GPUs; of the second it does not tell the power."""

    class NVMLError(Exception):
        pass

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:
        return number

    def nvmlDeviceGetMemoryInfo(self, gpu: int) -> SimpleNamespace:
        return SimpleNamespace(used=20_000_000_000, total=80_000_000_000)

    def nvmlDeviceGetUtilizationRates(self, gpu: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=97)

    def nvmlDeviceGetPowerUsage(self, gpu: int) -> int:
        if gpu == 1:
            raise self.NVMLError("not supported")
        return 350_000

    def nvmlDeviceGetEnforcedPowerLimit(self, gpu: int) -> int:
        return 700_000


class NoDriver(Nvml):
    def nvmlInit(self) -> None:
        raise self.NVMLError("no driver")


class NoLimit(Nvml):
    def nvmlDeviceGetEnforcedPowerLimit(self, gpu: int) -> int:
        return 0


def test_a_gpu_without_a_limit_of_power_tells_the_power_alone(tmp_path: Path) -> None:
    found = SystemLoad(tmp_path, NoLimit()).read()

    assert found["gpu_0_power_usage_watts"] == 350.0
    assert "gpu_0_power_usage_percentage" not in found


def test_a_reading_tells_of_processors_memory_disk_and_network(tmp_path: Path) -> None:
    found = SystemLoad(tmp_path, NoDriver()).read()

    assert 0 <= found.pop("cpu_utilization_percentage") <= 100
    assert 0 < found.pop("system_memory_usage_percentage") < 100
    assert 0 < found.pop("system_memory_usage_megabytes") < psutil.virtual_memory().total / 1e6
    assert found.pop("disk_usage_percentage") == pytest.approx(psutil.disk_usage(str(tmp_path)).percent, abs=2)
    total = psutil.disk_usage(str(tmp_path)).total / 1e6
    assert 0 < found.pop("disk_usage_megabytes") < total
    assert 0 < found.pop("disk_available_megabytes") < total
    assert set(found) <= {"network_receive_megabytes", "network_transmit_megabytes"}
    assert all(value >= 0 for value in found.values())


def test_each_gpu_is_read_and_what_it_does_not_tell_is_left_out(tmp_path: Path) -> None:
    found = SystemLoad(tmp_path, Nvml()).read()

    assert {name: value for name, value in found.items() if name.startswith("gpu_")} == {
        "gpu_0_memory_usage_megabytes": 20_000.0,
        "gpu_0_memory_usage_percentage": 25.0,
        "gpu_0_utilization_percentage": 97.0,
        "gpu_0_power_usage_watts": 350.0,
        "gpu_0_power_usage_percentage": 50.0,
        "gpu_1_memory_usage_megabytes": 20_000.0,
        "gpu_1_memory_usage_percentage": 25.0,
        "gpu_1_utilization_percentage": 97.0,
    }


def test_the_library_of_this_machine_is_asked_without_an_error(tmp_path: Path) -> None:
    assert "cpu_utilization_percentage" in SystemLoad(tmp_path).read()
