"""The two workloads of the loop benchmark: the same model, data and length for every contestant.

W1 is all Python: an MLP 64-128-10 on batches of 32, one thread. W2 is all arithmetic: a ResNet of about 80,000
parameters on batches of 64 images of 3x32x32.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.utils.data import TensorDataset

from accelerator.domain.cv.resnet import resnet8
from accelerator.runtime.data.splits import DataSplits


@dataclass(frozen=True)
class Workload:
    """One workload; `warmup` steps are run before the `steps` that are timed."""

    name: str
    shape: tuple[int, ...]
    batch_size: int
    warmup: int
    steps: int
    threads: int | None
    model: Callable[[], torch.nn.Module]

    @property
    def samples(self) -> int:
        """Enough for all steps in one epoch, so that nothing but steps is timed."""
        return self.batch_size * (self.warmup + self.steps)


def mlp() -> torch.nn.Module:
    """Return the model of W1, from seed 0."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))


def resnet() -> torch.nn.Module:
    """Return the model of W2, from seed 0."""
    torch.manual_seed(0)
    return resnet8(num_classes=10, in_channels=3)


WORKLOADS = {
    "W1": Workload("W1", (64,), 32, 200, 2000, 1, mlp),
    "W2": Workload("W2", (3, 32, 32), 64, 5, 40, None, resnet),
}


def tensors(name: str) -> TensorDataset:
    """Return the training data of a workload: random inputs, random classes."""
    workload = WORKLOADS[name]
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(workload.samples, *workload.shape, generator=generator)
    return TensorDataset(inputs, torch.randint(0, 10, (workload.samples,), generator=generator))


def data(workload: str) -> DataSplits:
    """Return the data of a workload as a `data` component."""
    return DataSplits(train=tensors(workload))


def model(workload: str) -> torch.nn.Module:
    """Return the model of a workload as a `model` component."""
    return WORKLOADS[workload].model()
