"""Shapes, and what a model refuses."""

import pytest
import torch
from patchwork.patch_mixer import PatchMixer


@pytest.mark.parametrize(("image_size", "patch_size", "in_channels"), [(8, 2, 1), (8, 4, 3), (9, 3, 1)])
def test_images_become_logits(image_size: int, patch_size: int, in_channels: int) -> None:
    model = PatchMixer(image_size, num_classes=10, in_channels=in_channels, patch_size=patch_size)

    assert model(torch.zeros(5, in_channels, image_size, image_size)).shape == (5, 10)


def test_every_patch_has_a_say() -> None:
    torch.manual_seed(0)
    images = torch.rand(1, 1, 8, 8, requires_grad=True)

    PatchMixer(image_size=8, num_classes=3)(images).sum().backward()

    assert images.grad is not None
    assert (images.grad != 0).all()


def test_images_that_cannot_be_cut_are_refused() -> None:
    with pytest.raises(ValueError, match="image_size 9 is no multiple of patch_size 2"):
        PatchMixer(image_size=9, num_classes=3)
