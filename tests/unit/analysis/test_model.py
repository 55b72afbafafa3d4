"""What a model costs, against counts by hand."""

import pytest
import torch
from torch import Tensor, nn

from accelerator.analysis.model import ModelAnalysis, ModuleAnalysis, analyze, bottlenecks


class Net(nn.Module):
    """A convolution, a normalisation and two linear layers, of which one is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8 * 4 * 4, 10)
        self.spare = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"logits": self.head(self.norm(self.conv(x)).flatten(1))}


@pytest.fixture(scope="module")
def found() -> ModelAnalysis:
    model, x = Net(), torch.randn(6, 3, 4, 4)
    model.norm.weight.requires_grad_(False)
    return analyze(model, lambda: model(x), lambda: model(x[:1]), 6, repeats=5)


def part(analysis: ModelAnalysis, name: str) -> ModuleAnalysis:
    return next(item for item in analysis.modules if item.name == name)


def test_parameters_and_bytes_are_counted(found: ModelAnalysis) -> None:
    conv, norm, head, spare = 3 * 8 * 9, 16, 128 * 10 + 10, 30

    assert found.model.parameters == conv + norm + head + spare
    assert found.model.trainable == conv + norm + head + spare - 8
    assert part(found, "norm").weight_bytes == 4 * (16 + 16) + 8  # running statistics, and a count of int64
    assert part(found, "conv").output_bytes == 6 * 8 * 4 * 4 * 4


def test_flops_are_those_of_one_sample_forward(found: ModelAnalysis) -> None:
    conv, head = 2 * 3 * 9 * 8 * 4 * 4, 2 * 128 * 10  # a multiply-add counts two

    assert (part(found, "conv").flops, part(found, "head").flops) == (conv, head)
    assert found.model.flops == conv + head


def test_shapes_are_those_of_the_batch_also_inside_mappings(found: ModelAnalysis) -> None:
    assert part(found, "conv").output_shapes == [[6, 8, 4, 4]]
    assert found.model.output_shapes == [[6, 10]]


def test_time_is_measured_for_every_module_that_is_called(found: ModelAnalysis) -> None:
    called = [part(found, name) for name in ("", "conv", "norm", "head")]

    assert all(0 < item.latency_median <= item.latency_p95 for item in called)
    assert found.model.latency_median >= max(item.latency_median for item in called[1:])
    assert (part(found, "spare").calls, part(found, "spare").latency_median) == (0, 0.0)


def test_the_model_is_left_as_it_was() -> None:
    model, x = Net().train(), torch.randn(2, 3, 4, 4)
    model.norm.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}

    analyze(model, lambda: model(x), lambda: model(x[:1]), 2, repeats=1)

    assert model.training and not model.norm.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_module_that_is_called_twice_counts_twice() -> None:
    shared = nn.Linear(4, 4, bias=False)
    model, x = nn.Sequential(shared, nn.ReLU(), shared), torch.randn(3, 4)

    analysis = analyze(model, lambda: model(x), lambda: model(x[:1]), 3, repeats=2)

    item = part(analysis, "0")
    assert (item.calls, item.output_bytes, analysis.model.flops) == (2, 2 * 3 * 4 * 4, 2 * 2 * 16)


def test_what_no_pass_calls_is_said(found: ModelAnalysis) -> None:
    assert "Not called by a forward pass, though with parameters: spare." in found.bottlenecks


def test_a_model_without_known_operations_says_so() -> None:
    model = nn.Identity()

    analysis = analyze(model, lambda: model(torch.ones(2)), lambda: model(torch.ones(1)), 2, repeats=1)

    assert analysis.notes == ["torch's counter knows none of this model's operations: FLOPs are 0."]


def module(name: str, seconds: float, flops: int, size: int = 1) -> ModuleAnalysis:
    return ModuleAnalysis(name, "Linear", flops=flops, latency_median=seconds, weight_bytes=size, is_leaf=True, calls=1)


def test_bottlenecks_are_named_in_words() -> None:
    whole = ModuleAnalysis("", "Net")
    modules = [whole, module("a", 0.5, 10), module("b", 0.3, 970), module("c", 0.2, 20)]

    assert bottlenecks(modules) == [
        "a (Linear) takes 50% of the time.",
        "b (Linear) takes 97% of the FLOPs.",
        "a (Linear) takes 50% of the time for 1% of the FLOPs: memory or overhead bounds it, not arithmetic.",
        "c (Linear) takes 20% of the time for 2% of the FLOPs: memory or overhead bounds it, not arithmetic.",
    ]


def test_an_even_model_has_no_bottleneck() -> None:
    modules = [ModuleAnalysis("", "Net"), *(module(name, 0.25, 25) for name in "abcd")]

    assert bottlenecks(modules) == ["No single module of Net stands out."]


def _analysis(model: nn.Module, x: Tensor) -> ModelAnalysis:
    return analyze(model, lambda: model(x), lambda: model(x[:1]), len(x), repeats=2)


def test_attention_is_counted_though_torch_has_kernels_for_all_of_it_at_once() -> None:
    tokens, width, hidden = 5, 16, 32
    layer = nn.TransformerEncoderLayer(width, nhead=4, dim_feedforward=hidden, batch_first=True)

    found = _analysis(layer, torch.rand(3, tokens, width))

    projections = 2 * tokens * width * (3 * width + width)
    scores_and_sums = 2 * 2 * tokens * tokens * width  # over all heads
    assert part(found, "self_attn").flops == projections + scores_and_sums
    assert found.model.flops == projections + scores_and_sums + 2 * 2 * tokens * width * hidden
    assert not [text for text in found.bottlenecks if "Not called" in text]
    assert torch.backends.mha.get_fastpath_enabled()


def test_what_the_counter_does_not_know_is_named() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.LSTM(4, 8, batch_first=True)
            self.head = nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.cells(x)[0][:, -1])

    found = _analysis(Recurrent(), torch.rand(3, 5, 4))

    assert found.model.flops == 2 * 8 * 2
    assert found.notes == ["torch's counter does not know what these modules compute, FLOPs are 0: cells."]
