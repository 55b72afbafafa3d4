import pytest
import torch
from torch import Tensor

from accelerator.domain.cv.random_shift import RandomShift
from accelerator.errors import ComponentError
from accelerator.runtime.data.randomness import BatchRandom


def shifted(images: Tensor, shift: RandomShift, position: int = 0, epoch: int = 0) -> Tensor:
    batch = shift({"input": images, "target": torch.zeros(len(images))}, BatchRandom(3, epoch, position, len(images)))
    result: Tensor = batch["input"]
    return result


def every_shift(image: Tensor, most: int) -> list[Tensor]:
    """All shifts of an image (height, width) by whole pixels, made by hand."""
    height, width = image.shape
    found = []
    for down in range(-most, most + 1):
        for right in range(-most, most + 1):
            moved = torch.zeros_like(image)
            for row in range(height):
                for column in range(width):
                    if 0 <= row + down < height and 0 <= column + right < width:
                        moved[row + down, column + right] = image[row, column]
            found.append(moved)
    return found


def test_each_image_is_one_of_its_whole_shifts() -> None:
    images = torch.rand(64, 2, 8, 8) + 0.1

    found = shifted(images, RandomShift(0.125))

    choices = [torch.stack([torch.stack(every_shift(channel, 1)) for channel in image]) for image in images]
    hits = [(choice == image[:, None]).all(dim=(0, 2, 3)) for choice, image in zip(choices, found, strict=True)]
    drawn = torch.stack(hits)
    assert drawn.sum(dim=1).tolist() == [1] * 64
    assert (drawn.sum(dim=0) > 0).all()


def test_sides_of_different_length_move_by_their_own_share() -> None:
    images = torch.zeros(400, 1, 8, 32)
    images[:, :, 4, 16] = 1

    found = shifted(images, RandomShift(0.125))

    places = found[:, 0].nonzero()
    assert set(places[:, 1].tolist()) == {3, 4, 5}
    assert set(places[:, 2].tolist()) == set(range(12, 21))


def test_a_shift_by_fractions_spreads_a_pixel_over_its_neighbours() -> None:
    images = torch.zeros(300, 1, 8, 8)
    images[:, :, 4, 3] = 1

    found = shifted(images, RandomShift(0.125, subpixel=True))

    steps = torch.arange(8.0)
    rows = (found.sum(dim=3) * steps).sum(dim=2)[:, 0] - 4
    columns = (found.sum(dim=2) * steps).sum(dim=2)[:, 0] - 3
    torch.testing.assert_close(found.sum(dim=(1, 2, 3)), torch.ones(300))
    for moved in (rows, columns):
        assert moved.abs().max() <= 1
        assert moved.min() < -0.9
        assert moved.max() > 0.9
        assert moved.mean().abs() < 0.1
    assert (found > 0).sum(dim=(1, 2, 3)).max() == 4


def test_a_shift_by_fractions_agrees_with_grid_sample() -> None:
    images = torch.rand(16, 3, 8, 8)
    rng = BatchRandom(3, 0, 0, 16)
    down, right = rng.uniform(1, 3) - 2, rng.uniform(1, 3) - 2

    found = shifted(images, RandomShift(0.125, subpixel=True))

    transform = torch.eye(2, 3).repeat(16, 1, 1)
    transform[:, 0, 2], transform[:, 1, 2] = right / 4, down / 4  # in halves of a side
    grid = torch.nn.functional.affine_grid(transform, list(images.shape), align_corners=False)
    expected = torch.nn.functional.grid_sample(images, grid, align_corners=False)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("subpixel", [False, True])
def test_what_is_drawn_belongs_to_the_sample_and_the_epoch(subpixel: bool) -> None:
    images = torch.rand(12, 1, 8, 8)
    shift = RandomShift(0.25, subpixel)

    whole = shifted(images, shift)

    assert torch.equal(torch.cat([shifted(images[:5], shift), shifted(images[5:], shift, position=5)]), whole)
    assert not torch.equal(shifted(images, shift, epoch=1), whole)


@pytest.mark.parametrize("subpixel", [False, True])
def test_no_share_is_no_shift(subpixel: bool) -> None:
    images = torch.rand(4, 1, 8, 8)

    assert torch.equal(shifted(images, RandomShift(0.0, subpixel)), images)


def test_bytes_can_be_shifted_by_whole_pixels() -> None:
    images = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)

    assert shifted(images, RandomShift()).dtype == torch.uint8


def test_the_given_batch_stays_as_it_is() -> None:
    images = torch.rand(4, 1, 8, 8)
    before = images.clone()
    batch = {"picture": images, "target": torch.arange(4)}

    found = RandomShift(field="picture")(batch, BatchRandom(0, 0, 0, 4))

    assert torch.equal(images, before)
    assert found["target"] is batch["target"]


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ComponentError, match=rf"^random_shift\.max_share = {share}: must be at least 0 and below 1"):
        RandomShift(share)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(
        ComponentError, match=r"'input' has shape \(4, 64\), and images are .* random_shift\.field, or le"
    ):
        shifted(torch.rand(4, 64), RandomShift())


def test_bytes_cannot_be_shifted_by_fractions() -> None:
    with pytest.raises(ComponentError, match=r"'input' is torch\.uint8, .* or set random_shift\.subpixel=false\.$"):
        shifted(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), RandomShift(subpixel=True))
