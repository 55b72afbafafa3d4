import subprocess
import sys

import pytest
import torch
import torchvision

from accelerator.domain.cv.resnet import resnet8, resnet18


def test_resnet8_has_the_size_it_says() -> None:
    assert sum(item.numel() for item in resnet8(num_classes=10).parameters()) == 78_042


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [4, 8, 32])
def test_resnet8_takes_any_small_image(channels: int, side: int) -> None:
    logits = resnet8(num_classes=7, in_channels=channels)(torch.randn(2, channels, side, side))

    assert logits.shape == (2, 7)


def test_the_input_of_resnet8_is_left_as_it_was() -> None:
    images = torch.randn(2, 3, 8, 8)
    before = images.clone()

    resnet8(num_classes=2)(images).sum().backward()

    assert torch.equal(images, before)


def test_every_parameter_of_resnet8_gets_a_gradient() -> None:
    model = resnet8(num_classes=3, in_channels=1)

    model(torch.randn(4, 1, 8, 8)).square().sum().backward()

    assert all(item.grad is not None and item.grad.abs().sum() > 0 for item in model.parameters())


@pytest.mark.parametrize(("channels", "side"), [(3, 32), (1, 8)])
def test_resnet18_keeps_small_images_large(channels: int, side: int) -> None:
    model = resnet18(num_classes=10, in_channels=channels).eval()
    images = torch.randn(2, channels, side, side)

    assert isinstance(model, torchvision.models.ResNet)
    assert model(images).shape == (2, 10)
    assert model.layer1(model.maxpool(model.conv1(images))).shape == (2, 64, side, side)


def test_resnet18_has_the_size_it_says() -> None:
    assert sum(item.numel() for item in resnet18(num_classes=10).parameters()) == 11_173_962


def test_resnet8_does_not_import_torchvision() -> None:
    code = (
        "import sys; from accelerator.domain.cv.resnet import resnet8; resnet8(2); print('torchvision' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
