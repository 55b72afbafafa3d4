"""Residual networks for small images (He et al.: Deep Residual Learning for Image Recognition, CVPR 2016)."""

import torch
from torch import Tensor, nn

from accelerator.config.declared import gives

_STAGES = (16, 32, 64)


class ResNet8(nn.Module):
    """The paper's CIFAR-10 network with one block a stage: 8 layers with weights, 78,042 parameters for 3 channels.

    Maps images (batch, in_channels, height, width) to logits (batch, num_classes). The image is halved twice, so
    anything from 4x4 pixels on will do.
    """

    def __init__(self, num_classes: int, in_channels: int = 3) -> None:
        super().__init__()
        blocks = []
        channels = _STAGES[0]
        for stage, width in enumerate(_STAGES):
            blocks.append(_Block(channels, width, stride=1 if stage == 0 else 2))
            channels = width
        self.stem = _convolution(in_channels, _STAGES[0], size=3)
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, input: Tensor) -> Tensor:
        """Return logits (batch, num_classes)."""
        features = self.blocks(torch.relu_(self.stem(input)))
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits


class _Block(nn.Module):
    """Two 3x3 convolutions and a way around them; a 1x1 convolution on the way around where the shape changes."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(in_channels, out_channels, size=3, stride=stride)
        self.second = _convolution(out_channels, out_channels, size=3)
        same = stride == 1 and in_channels == out_channels
        self.shortcut = nn.Identity() if same else _convolution(in_channels, out_channels, size=1, stride=stride)

    def forward(self, input: Tensor) -> Tensor:
        residual = self.second(torch.relu_(self.first(input)))
        return torch.relu_(residual.add_(self.shortcut(input)))


@gives()
def resnet8(num_classes: int, in_channels: int = 3) -> ResNet8:
    """Return a residual network of about 78,000 parameters, good for 8x8 to 32x32 pixels."""
    return ResNet8(num_classes, in_channels)


@gives()
def resnet18(num_classes: int, in_channels: int = 3) -> nn.Module:
    """Return torchvision's ResNet-18 (11.2 million parameters), untrained, its first layers fitted to small images.

    The first convolution is 3x3 with stride 1 and the max-pooling is left out, as is usual for CIFAR's 32x32 pixels
    (torchvision's own would shrink them to a quarter at once). Maps images (batch, in_channels, height, width) to
    logits (batch, num_classes).
    """
    model: nn.Module = _torchvision_resnet18(num_classes)
    model.conv1 = nn.Conv2d(in_channels, 64, kernel_size=3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    model.maxpool = nn.Identity()
    return model


def _torchvision_resnet18(num_classes: int) -> nn.Module:
    from torchvision.models import resnet18 as build  # 1.4 s, and an extra: paid only by who asks for this model

    model: nn.Module = build(weights=None, num_classes=num_classes)
    return model


def _convolution(in_channels: int, out_channels: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
    )
