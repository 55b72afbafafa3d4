from typing import Any

import torch
from torch.utils.data import Subset

from accelerator.domain.cv.byte_images import ByteImages


def make_images() -> ByteImages:
    images = torch.tensor([[0, 255], [51, 102]], dtype=torch.uint8).view(2, 2, 1, 1)
    return ByteImages(images, torch.tensor([3, 4]), mean=[0.5, 0.2], deviation=[0.25, 0.4])


def test_an_image_leaves_normalised_by_channel() -> None:
    image, target = make_images()[1]

    torch.testing.assert_close(image, torch.tensor([(0.2 - 0.5) / 0.25, (0.4 - 0.2) / 0.4]).view(2, 1, 1))
    assert (image.dtype, int(target)) == (torch.float32, 4)


def test_a_list_of_indices_is_one_batch() -> None:
    data = make_images()

    images, targets = data.__getitems__([1, 0, 1])

    assert targets.tolist() == [4, 3, 4]
    assert torch.equal(images, torch.stack([data[1][0], data[0][0], data[1][0]]))


def test_a_subset_fetches_whole_batches_too() -> None:
    data = make_images()

    subset: Any = Subset(data, [1, 0])
    images, targets = subset.__getitems__([0])

    assert len(data) == 2
    assert (images.shape, targets.tolist()) == ((1, 2, 1, 1), [4])
