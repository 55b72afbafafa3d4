import torch
from torch import nn

from accelerator.domain.cross.mlp import MLP


def sizes_of(model: nn.Module) -> list[tuple[int, int]]:
    return [(layer.in_features, layer.out_features) for layer in model.modules() if isinstance(layer, nn.Linear)]


def test_the_first_batch_gives_the_missing_size() -> None:
    model = MLP(num_classes=10, hidden=[32, 16])

    logits = model(torch.zeros(5, 1, 8, 8))

    assert logits.shape == (5, 10)
    assert sizes_of(model) == [(64, 32), (32, 16), (16, 10)]


def test_a_given_size_needs_no_batch() -> None:
    assert sizes_of(MLP(num_classes=3, hidden=(8,), in_features=4)) == [(4, 8), (8, 3)]


def test_without_hidden_layers_it_is_linear() -> None:
    model = MLP(num_classes=3, hidden=[], in_features=4)
    input = torch.randn(7, 4)

    (layer,) = [module for module in model.modules() if isinstance(module, nn.Linear)]
    torch.testing.assert_close(model(input), input @ layer.weight.T + layer.bias)
