"""A tiny model and tiny data that it can learn: for tests of components, in milliseconds."""

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from accelerator.config.declared import gives
from accelerator.runtime.data.splits import DataSplits


@gives()
class TinyModel(nn.Module):
    """Two linear layers: (batch, num_features) to logits (batch, num_classes); about 100 parameters."""

    def __init__(self, num_features: int = 4, num_classes: int = 3) -> None:
        super().__init__()
        self.first = nn.Linear(num_features, 8)
        self.second = nn.Linear(8, num_classes)

    def forward(self, input: Tensor) -> Tensor:
        """Return logits (batch, num_classes)."""
        logits: Tensor = self.second(torch.relu(self.first(input)))
        return logits


@gives("input", "target", facts=("num_features", "num_classes"), validation_sets=())
def tiny_data(num_samples: int = 64, num_features: int = 4, num_classes: int = 3, seed: int = 0) -> DataSplits:
    """Return random points whose class is the largest of their first `num_classes` features.

    `num_samples` training points, half as many (at least one) for validation and for test; `input` is float32
    (num_features,), `target` int64. The same arguments give the same points. The global generators are left alone.
    """
    generator = torch.Generator().manual_seed(seed)
    half = max(1, num_samples // 2)
    train, validation, test = (
        _points(size, num_features, num_classes, generator) for size in (num_samples, half, half)
    )
    return DataSplits(
        train=train,
        validation=validation,
        test=test,
        fields=("input", "target"),
        facts={"num_features": num_features, "num_classes": num_classes},
    )


def _points(num_samples: int, num_features: int, num_classes: int, generator: torch.Generator) -> TensorDataset:
    inputs = torch.randn(num_samples, num_features, generator=generator)
    return TensorDataset(inputs, inputs[:, :num_classes].argmax(dim=1))
