"""The callback and the engine in a real loop: a tiny model, tiny data, no run folder."""

import pytest
import torch
from patchwork.double_engine import DoubleEngine
from patchwork.update_ratio import UpdateRatio

from accelerator import Callback, Context, TrainLoop
from accelerator.testing.tiny import TinyModel, tiny_data


class Collect(Callback):
    """Keeps what each step was trained on."""

    def __init__(self) -> None:
        self.inputs: list[torch.dtype] = []

    def on_batch_end(self, context: Context) -> None:
        """Note the type of the inputs."""
        assert context.state.batch is not None
        self.inputs.append(context.state.batch["input"].dtype)


def context_with(engine: DoubleEngine, callbacks: dict[str, Callback]) -> Context:
    model = TinyModel()
    return Context(
        model=model,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        data=tiny_data(),
        engine=engine,
        callbacks=callbacks,
        batch_size=16,
        record=False,
    )


def test_a_run_computes_with_64_bits_and_logs_how_far_it_moves() -> None:
    collect = Collect()
    context = context_with(DoubleEngine(), {"collect": collect, "update_ratio": UpdateRatio(every=2)})

    summary = TrainLoop(context, epochs=1).run()

    assert summary.status == "completed"
    assert collect.inputs == [torch.float64] * 4
    assert {parameter.dtype for parameter in context.model.parameters()} == {torch.float64}
    assert 1e-5 < context.state.metrics["train/update_ratio"] < 1


def test_the_ratio_is_that_of_the_norms() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 4.0]]))
    logged: dict[str, torch.Tensor] = {}

    class Moment:
        """A stand-in for the context: the model, step 0, and a log."""

        def __init__(self) -> None:
            self.model = model
            self.state = type("State", (), {"step": 0})()

        def log(self, name: str, value: torch.Tensor) -> None:
            logged[name] = value

    callback, moment = UpdateRatio(every=1), Moment()
    callback.on_step_start(moment)  # type: ignore[arg-type]
    with torch.no_grad():
        model.weight.add_(torch.tensor([[0.3, 0.4]]))
    callback.on_step_end(moment)  # type: ignore[arg-type]

    assert logged["update_ratio"].item() == pytest.approx(0.1)


def test_what_the_engine_moves_has_64_bits_and_classes_stay_whole() -> None:
    moved = DoubleEngine().move({"input": torch.ones(2), "more": {"target": torch.tensor([1])}, "name": "a"})

    assert (moved["input"].dtype, moved["more"]["target"].dtype, moved["name"]) == (torch.float64, torch.int64, "a")


def test_the_engine_puts_threads_back() -> None:
    before = torch.get_num_threads()
    engine = DoubleEngine(threads=before + 1)

    engine.start()
    within = torch.get_num_threads()
    engine.stop()

    assert (within, torch.get_num_threads()) == (before + 1, before)


@pytest.mark.parametrize("options", [{"devices": 2}, {"precision": "fp16"}, {"device": "mps"}])
def test_what_the_engine_cannot_keep_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="this engine has devices=1|mps has no numbers of 64 bits"):
        DoubleEngine(**options)  # type: ignore[arg-type]


def test_a_ratio_of_every_zeroth_step_is_refused() -> None:
    with pytest.raises(ValueError, match="every must be at least 1 step, and is 0"):
        UpdateRatio(every=0)
