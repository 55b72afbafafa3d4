"""One process on one device: precision, what is switched on, and that the process gets its settings back."""

from collections import namedtuple
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from accelerator.errors import ConfigError
from accelerator.runtime.engine.auto import auto
from accelerator.runtime.engine.engine import move_nested
from accelerator.runtime.engine.single import SingleEngine, choose_device
from accelerator.testing.tiny import TinyModel
from tests.unit.runtime.runs import EachStep, run, tiny_context, weights

Pair = namedtuple("Pair", ["first", "second"])


class Movable:
    def __init__(self) -> None:
        self.device = "cpu"

    def to(self, device: torch.device) -> "Movable":
        moved = Movable()
        moved.device = str(device)
        return moved


def test_what_can_be_moved_is_moved_however_deep() -> None:
    meta = torch.device("meta")
    tensor = torch.zeros(2)
    given: dict[str, Any] = {
        "a": {"b": [tensor, (tensor, "text")], "n": 3},
        "pair": Pair(tensor, None),
        "own": Movable(),
        "packed": nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)]),
    }
    moved = move_nested(given, meta, non_blocking=False)

    assert moved["a"]["b"][0].device == moved["a"]["b"][1][0].device == moved["pair"].first.device == meta
    assert (moved["a"]["b"][1][1], moved["a"]["n"], moved["pair"].second) == ("text", 3, None)
    assert isinstance(moved["pair"], Pair) and isinstance(moved["a"]["b"][1], tuple)
    assert moved["own"].device == "meta"
    assert moved["packed"].data.device == meta and moved["packed"].batch_sizes.device.type == "cpu"


def test_a_batch_that_is_there_already_is_not_copied() -> None:
    batch = {"input": torch.zeros(2)}
    engine = SingleEngine("cpu")

    assert engine.move(batch) is batch
    assert engine.move({**batch, "text": ["a"]})["input"] is batch["input"]


class Look(nn.Module):
    """Notes the precision that it computes in."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = TinyModel()
        self.seen: set[torch.dtype] = set()

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = self.inner(input)
        self.seen.add(out.dtype)
        return out


def test_bf16_computes_forward_passes_under_autocast() -> None:
    model = Look()
    context = tiny_context(model, engine=SingleEngine("cpu", precision="bf16"))
    notes = context.notes
    summary = run(context)

    assert model.seen == {torch.bfloat16}
    assert next(model.parameters()).dtype == torch.float32
    assert "bf16" in notes and summary.status == "completed"


def test_two_optimizers_see_the_same_loss_scale() -> None:
    engine = SingleEngine("cpu", precision="fp16")
    parameters = [nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))]
    optimizers = [torch.optim.SGD([item], lr=1.0) for item in parameters]
    for _ in range(2):
        engine.backward(parameters[0].sum() + parameters[1].sum())
        for optimizer in optimizers:
            engine.unscale(optimizer)
        for optimizer in optimizers:
            engine.step(optimizer)
            optimizer.zero_grad()

    assert [item.item() for item in parameters] == [-1.0, -1.0]
    assert engine.state_dict()["_growth_tracker"] == 2
    other = SingleEngine("cpu", precision="fp16")
    other.load_state_dict(engine.state_dict())
    assert other.state_dict() == engine.state_dict()


def test_fp16_trains_with_a_scaled_loss_and_clips_true_gradients() -> None:
    ends = []
    for precision in ("fp16", "fp32"):
        torch.manual_seed(0)
        model = TinyModel()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        engine = SingleEngine("cpu", precision=precision)
        run(tiny_context(model, optimizer=optimizer, engine=engine, train={"epochs": 1, "clip_norm": 0.1}))
        ends.append(weights(model))

    torch.testing.assert_close(ends[0], ends[1], atol=2e-3, rtol=0.05)


def test_threads_and_kernels_are_put_back() -> None:
    engine = SingleEngine("cpu", threads=2, deterministic=True)
    torch.use_deterministic_algorithms(True, warn_only=True)
    before = torch.get_num_threads()
    engine.start()
    during = (torch.get_num_threads(), torch.is_deterministic_algorithms_warn_only_enabled())
    engine.stop()
    after = (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled())
    torch.use_deterministic_algorithms(False)

    assert during == (2, False)
    assert torch.get_num_threads() == before
    assert after == (True, True)


def test_a_context_that_is_closed_or_fails_puts_them_back_too() -> None:
    class Failing(nn.Module):
        def to(self, *args: Any, **options: Any) -> Any:
            raise RuntimeError("no")

    before = torch.get_num_threads()
    context = tiny_context(engine=SingleEngine(threads=3, deterministic=True))
    context.build()
    assert torch.get_num_threads() == 3
    context.close()
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == (before, False)
    with pytest.raises(RuntimeError, match="no"):
        tiny_context(Failing(), optimizer={}, engine=SingleEngine(threads=3)).build()
    assert torch.get_num_threads() == before


def test_convolutions_run_channels_last_and_it_is_said() -> None:
    engine = SingleEngine("cpu")
    model = engine.prepare(nn.Conv2d(3, 4, 3))

    assert next(model.parameters()).is_contiguous(memory_format=torch.channels_last)
    assert "channels_last" in engine.report()
    assert "channels_last" not in SingleEngine("cpu").report()


def test_a_model_is_compiled_in_place_and_keeps_its_names() -> None:
    engine = SingleEngine("cpu", compile=True)
    with torch.compiler.set_stance("force_eager"):  # what a compiler takes is its own affair: `soak` waits for it
        context = tiny_context(engine=engine)
        names = list(weights(context.model))
        summary = run(context)

    assert "compiled" in engine.report()
    assert context.model._compiled_call_impl is not None
    assert names == list(weights(TinyModel()))
    assert summary.status == "completed"


@pytest.mark.soak
def test_a_compiled_model_trains_to_the_same_end_within_rounding() -> None:
    ends = []
    for compiled in (False, True):
        torch.manual_seed(0)
        model = TinyModel()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        engine = SingleEngine("cpu", compile=compiled)
        run(tiny_context(model, engine=engine, optimizer=optimizer, data=tiny_train(), train={"epochs": 1}))
        ends.append(weights(model))

    torch.testing.assert_close(ends[0], ends[1])


def tiny_train() -> Any:
    from accelerator.runtime.data.splits import DataSplits
    from accelerator.testing.tiny import tiny_data

    return DataSplits(tiny_data(16).train)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu"}, "engine.device: there is no device 'tpu' here; there is .*cpu. Set engine.device=auto."),
        ({"device": "meta"}, "there is no device 'meta' here"),
        ({"device": "cuda:97"}, "there is no device 'cuda:97' here"),
        ({"precision": "fp8"}, "engine.precision: 'fp8' is none of its values. Known: bf16, fp16, fp32"),
        ({"oom": "retry"}, "engine.oom: 'retry' is none of its values."),
        ({"devices": 2}, "engine.devices: 2 devices, but one process uses 1. Set engine.devices=1."),
        ({"threads": 0}, "engine.threads: 0 must be at least 1, or null. Set engine.threads=null."),
    ],
    ids=str,
)
def test_what_an_engine_cannot_be_is_told(options: Any, message: str) -> None:
    for make in (SingleEngine, auto):
        with pytest.raises(ConfigError, match=message):
            make(**options)


def test_a_device_is_chosen_by_name() -> None:
    assert choose_device("cpu:0") == torch.device("cpu")
    assert choose_device("auto").type in ("cpu", "cuda", "mps")


def test_gradients_that_callbacks_see_are_true_ones() -> None:
    norms: list[float] = []
    for precision in ("fp32", "fp16"):
        torch.manual_seed(0)
        model = TinyModel()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        look = EachStep(lambda context: norms.append(_norm(context.model)))
        engine = SingleEngine("cpu", precision=precision)
        options = {"optimizer": optimizer, "callbacks": {"look": look}, "engine": engine}
        context = tiny_context(model, train={"epochs": 1, "steps": 1}, **options)
        run(context)

    assert norms[1] == pytest.approx(norms[0], rel=0.02)


def _norm(model: nn.Module) -> float:
    gradient = model.get_parameter("first.weight").grad
    assert gradient is not None
    return gradient.norm().item()
