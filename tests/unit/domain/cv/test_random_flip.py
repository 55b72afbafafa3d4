import pytest
import torch

from accelerator.domain.cv.random_flip import RandomFlip
from accelerator.errors import ComponentError
from accelerator.runtime.data.randomness import BatchRandom


def test_each_image_is_mirrored_or_not() -> None:
    images = torch.rand(200, 3, 4, 4)

    found = RandomFlip()({"input": images}, BatchRandom(0, 0, 0, 200))["input"]

    mirrored = (found == torch.flip(images, dims=[3])).all(dim=3).all(dim=2).all(dim=1)
    same = (found == images).all(dim=3).all(dim=2).all(dim=1)
    assert (mirrored ^ same).all()
    assert 70 < int(mirrored.sum()) < 130


@pytest.mark.parametrize(("probability", "flipped"), [(0.0, False), (1.0, True)])
def test_the_ends_of_the_range_leave_nothing_to_chance(probability: float, flipped: bool) -> None:
    images = torch.arange(8.0).view(2, 1, 1, 4)

    found = RandomFlip(probability)({"input": images}, BatchRandom(0, 0, 0, 2))["input"]

    assert torch.equal(found, images.flip(3) if flipped else images)


@pytest.mark.parametrize("probability", [-0.5, 1.5])
def test_a_probability_outside_its_range_is_refused(probability: float) -> None:
    with pytest.raises(ComponentError, match=rf"^random_flip\.probability = {probability}: must be from 0 to 1\.$"):
        RandomFlip(probability)
