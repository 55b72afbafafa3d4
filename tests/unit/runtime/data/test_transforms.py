"""Transforms: who gets an rng, what is refused on batches, and what they must return."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torchvision.transforms import v2

from accelerator.errors import ComponentError
from accelerator.runtime.data.transforms import (
    apply_transforms,
    batch_size_of,
    check_batch_transforms,
    device_of,
    named_transforms,
)


class WithRng(torch.nn.Module):
    def forward(self, batch: Any, rng: Any) -> Any:
        return batch


@pytest.mark.parametrize(
    ("transform", "takes_rng"),
    [
        (lambda batch: batch, False),
        (lambda batch, rng: batch, True),
        (lambda batch, random: batch, True),
        (lambda batch, scale=2: batch, False),
        (lambda batch, *, rng: batch, True),
        (WithRng(), True),
        (v2.Normalize([0.5], [0.5]), False),
        (dict, False),
    ],
)
def test_a_transform_gets_an_rng_when_its_signature_asks_for_one(transform: Any, takes_rng: bool) -> None:
    (named,) = named_transforms({"a": transform})

    assert named.takes_rng == takes_rng


def test_transforms_keep_their_order_and_null_takes_one_out() -> None:
    names = [item.name for item in named_transforms({"b": dict, "c": None, "a": dict})]  # type: ignore[dict-item]

    assert names == ["b", "a"]


@pytest.mark.parametrize(
    ("transform", "kind"),
    [
        (v2.RandomHorizontalFlip(), "RandomHorizontalFlip"),
        (v2.RandomCrop(4), "RandomCrop"),
        (v2.ColorJitter(0.5), "ColorJitter"),
        (v2.RandAugment(), "RandAugment"),
        (v2.AutoAugment(), "AutoAugment"),
        (v2.TrivialAugmentWide(), "TrivialAugmentWide"),
        (v2.AugMix(), "AugMix"),
        (v2.RandomApply([v2.Normalize([0.5], [0.5])]), "RandomApply"),
        (v2.RandomChoice([v2.Identity()]), "RandomChoice"),
        (v2.Compose([v2.Identity(), v2.RandomErasing()]), "RandomErasing"),
        (torch.nn.Sequential(v2.Identity(), v2.Compose([v2.RandomRotation(5)])), "RandomRotation"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_random_transforms_of_torchvision_are_refused_on_batches(transform: Any, kind: str) -> None:
    expected = (
        rf"transform.train.flip: torchvision's {kind} draws once for a whole batch.* "
        r"Move it to sample_transform.train.flip, where it draws for each sample."
    )

    with pytest.raises(ComponentError, match=expected):
        check_batch_transforms(named_transforms({"flip": transform}), "transform.train")


@pytest.mark.parametrize(
    "transform",
    [
        v2.Normalize([0.5], [0.5]),
        v2.Resize(8),
        v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.CenterCrop(4)]),
        v2.MixUp(num_classes=3),
        v2.CutMix(num_classes=3),
        v2.GaussianNoise(),
        torch.nn.Identity(),
        lambda batch: batch,
    ],
)
def test_what_treats_each_sample_alike_or_mixes_them_is_taken_on_batches(transform: Callable[..., Any]) -> None:
    check_batch_transforms(named_transforms({"a": transform}), "transform.train")


def test_a_deterministic_transform_of_torchvision_works_on_a_batch() -> None:
    batch = {"input": v2.functional.to_image(torch.ones(2, 1, 4, 4)), "target": torch.tensor([0, 1])}

    changed = apply_transforms(named_transforms({"n": v2.Normalize([0.5], [0.5])}), batch, 0, 0, 0)

    assert torch.equal(torch.as_tensor(changed["input"]), torch.ones(2, 1, 4, 4))
    assert torch.equal(changed["target"], batch["target"])


@pytest.mark.parametrize("takes_rng", [True, False])
def test_a_transform_that_returns_nothing_is_named(takes_rng: bool) -> None:
    transform: Any = (lambda batch, rng: None) if takes_rng else (lambda batch: None)

    with pytest.raises(ComponentError, match="transform 'crop' returned a NoneType, and a mapping of fields is needed"):
        apply_transforms(named_transforms({"crop": transform}), {"input": torch.zeros(2)}, 0, 0, 0)


def test_the_size_of_a_batch_is_that_of_its_first_tensor_list_or_mapping() -> None:
    assert batch_size_of({"text": ["a"] * 3, "input": torch.zeros(4, 2)}) == 4
    assert batch_size_of({"scale": torch.zeros(()), "text": ["a", "b"]}) == 2
    assert batch_size_of({"nested": {"ids": torch.zeros(5)}}) == 5
    assert batch_size_of({"name": "x"}) == 1


def test_the_device_of_a_batch_is_that_of_its_first_tensor() -> None:
    assert device_of({"a": 1, "b": torch.zeros(1, device="meta")}) == torch.device("meta")
    assert device_of({"a": 1}) == torch.device("cpu")
