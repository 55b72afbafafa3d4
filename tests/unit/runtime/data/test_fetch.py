"""What a sample transform sees and must give back, and how samples become fields."""

from typing import Any

import pytest
import torch
from torchvision.transforms import v2

from accelerator.errors import ComponentError
from accelerator.runtime.data.fetch import Fetcher, as_fields
from accelerator.runtime.data.plan import Request
from accelerator.runtime.data.transforms import named_transforms
from tests.unit.runtime.data.sets import Numbers


def test_a_sample_transform_sees_one_sample_as_a_mapping() -> None:
    seen: list[dict[str, Any]] = []

    def look(sample: dict[str, Any]) -> dict[str, Any]:
        seen.append(sample)
        return sample

    Fetcher(Numbers(), sample_transforms=named_transforms({"look": look}))(Request([3, 4], 0, 0, True))

    assert [item["target"] for item in seen] == [3, 4]


def test_a_random_transform_of_torchvision_draws_for_each_sample() -> None:
    images = [(v2.functional.to_image(torch.arange(2.0).view(1, 1, 2)), index) for index in range(64)]
    fetch = Fetcher(images, sample_transforms=named_transforms({"flip": v2.RandomHorizontalFlip()}))

    batch = fetch(Request(range(64), 0, 0, True))

    flipped = batch["input"][:, 0, 0, 0].sum().item()
    assert 10 < flipped < 54
    assert torch.equal(fetch(Request(range(64), 0, 0, True))["input"], batch["input"])


def test_a_sample_transform_that_returns_nothing_is_named() -> None:
    fetch = Fetcher(Numbers(), sample_transforms=named_transforms({"crop": lambda sample: None}))

    with pytest.raises(ComponentError, match="sample_transform 'crop' returned a NoneType.* return the sample, also"):
        fetch(Request([0], 0, 0, True))


def test_samples_become_fields() -> None:
    assert as_fields({"a": 1}, None) == {"a": 1}
    assert as_fields((1, 2), None) == {"input": 1, "target": 2}
    assert as_fields(5, None) == {"input": 5}
    assert as_fields([1, 2, 3], ["a", "b", "c"]) == {"a": 1, "b": 2, "c": 3}


def test_parts_without_a_name_are_refused() -> None:
    with pytest.raises(ComponentError, match=r"gives 3 values a sample, and `fields` names 2 \(input, target\)"):
        as_fields((1, 2, 3), None)
