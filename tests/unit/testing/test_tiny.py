from typing import Any

import torch
from torch import nn

from accelerator.testing.tiny import TinyModel, tiny_data


def test_the_same_arguments_give_the_same_points() -> None:
    before = torch.get_rng_state()
    parts: list[Any] = [tiny_data(), tiny_data(), tiny_data(seed=1)]
    first, second, other = parts

    assert torch.equal(first.train.tensors[0], second.train.tensors[0])
    assert not torch.equal(first.train.tensors[0], other.train.tensors[0])
    assert torch.equal(torch.get_rng_state(), before)


def test_there_are_as_many_points_as_asked_for() -> None:
    data: Any = tiny_data(num_samples=10, num_features=6, num_classes=2)

    assert [len(part) for part in (data.train, data.validation, data.test)] == [10, 5, 5]
    assert data.train[0][0].shape == (6,)
    assert set(data.train.tensors[1].tolist()) == {0, 1}
    assert data.facts == {"num_features": 6, "num_classes": 2}


def test_the_model_learns_the_rule() -> None:
    data: Any = tiny_data(num_samples=256)
    inputs, targets = data.train.tensors
    torch.manual_seed(0)
    model = TinyModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)

    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()

    inputs, targets = data.test.tensors
    assert (model(inputs).argmax(dim=1) == targets).float().mean() > 0.9
