"""A multilayer perceptron."""

from collections.abc import Sequence

from torch import Tensor, nn

from accelerator.config.declared import gives


@gives()
class MLP(nn.Module):
    """Fully connected layers with ReLU between them; maps (batch, …), flattened, to (batch, num_classes).

    Without `in_features` the first layer takes its size from the first batch (`torch.nn.LazyLinear`).

    Example:
        >>> import torch
        >>> MLP(num_classes=10, hidden=[128])(torch.zeros(32, 1, 8, 8)).shape
        torch.Size([32, 10])
    """

    def __init__(self, num_classes: int, hidden: Sequence[int] = (128,), in_features: int | None = None) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        width = in_features
        for size in (*hidden, num_classes):
            layers += [nn.LazyLinear(size) if width is None else nn.Linear(width, size), nn.ReLU()]
            width = size
        self.layers = nn.Sequential(*layers[:-1])  # no ReLU after the last

    def forward(self, input: Tensor) -> Tensor:
        """Return logits (batch, num_classes)."""
        logits: Tensor = self.layers(input)
        return logits
