"""What training computes: the same bits as a loop written by hand, and the same gradients however a step is cut."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset, TensorDataset

from accelerator.config.interval import Interval
from accelerator.config.schema import LoaderConfig
from accelerator.errors import AcceleratorError, ComponentError, ConfigError
from accelerator.runtime.context import Context
from accelerator.runtime.data.plan import ShuffleSampler
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.loop.evaluation_loop import EvaluationLoop
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.runtime.losses import LossTerm
from accelerator.runtime.optimization import Schedule
from accelerator.runtime.task import LossValue, StepResult, Task
from accelerator.testing.tiny import TinyModel, tiny_data
from tests.unit.runtime.runs import At, EachStep, Hear, Stop, assert_same, points, run, tiny_context, weights


class Dropping(TinyModel):
    """Draws from the global generator in training."""

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.dropout(super().forward(input), 0.2, self.training)


@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_the_loop_equals_one_written_by_hand_to_the_last_bit(clip_norm: float | None) -> None:
    data = tiny_data(36)
    context = tiny_context(Dropping(), data=data, record=True, train={"epochs": 3, "clip_norm": clip_norm})
    start = weights(context.model)
    torch.manual_seed(0)  # as the context does before the model is made: dropout goes on from there
    summary = run(context)

    model = Dropping()
    model.load_state_dict(start)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True)
    inputs, targets = data.train.tensors  # type: ignore[union-attr]
    losses = []
    torch.manual_seed(0)
    for epoch in range(3):
        for chosen in torch.as_tensor(ShuffleSampler().order(epoch, 0, 36)).split(8):
            loss = nn.functional.cross_entropy(model(inputs[chosen]), targets[chosen])
            loss.backward()
            if clip_norm:
                nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    assert [value for _, _, value in points(summary.run_folder, "train/loss")] == losses
    assert_same(weights(context.model), weights(model))


def test_clip_value_limits_each_gradient() -> None:
    seen: list[float] = []
    model = TinyModel().double()
    context = tiny_context(
        model,
        data=_double(tiny_data(8)),
        train={"epochs": 1, "clip_value": 1e-3},
        optimizer=torch.optim.SGD(model.parameters(), lr=1.0),
    )
    before = weights(model)
    run(context)
    seen = [(before[name] - value).abs().max().item() for name, value in weights(model).items()]

    assert max(seen) == pytest.approx(1e-3)


def _double(data: DataSplits) -> DataSplits:
    inputs, targets = data.train.tensors  # type: ignore[union-attr]
    return DataSplits(TensorDataset(inputs.double(), targets))


class Tokens(nn.Module):
    """A sum over the items that count: a different number in each sample."""

    def forward(self, prediction: Tensor, target: Tensor) -> LossValue:
        counts = target > 0
        losses = nn.functional.cross_entropy(prediction, target, reduction="none")
        return LossValue((losses * counts).sum(), counts.sum())


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), Tokens()], ids=["mean", "items"])
@pytest.mark.parametrize("num_samples", [16, 19], ids=["full", "partial last step"])
def test_micro_batches_add_up_to_one_batch(loss: Any, num_samples: int) -> None:
    ends, losses = [], []
    for micro in (8, 2, 1, None):
        torch.manual_seed(3)
        model = TinyModel().double()
        context = tiny_context(
            model,
            loss=loss,
            data=_double(tiny_data(num_samples)),
            loader=LoaderConfig(batch_size=8, micro_batch_size=micro),
            optimizer=torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9),
            record=True,
        )
        summary = run(context)
        ends.append(weights(model))
        losses.append([value for _, _, value in points(summary.run_folder, "train/loss")])

    for other, values in zip(ends[1:], losses[1:], strict=True):
        torch.testing.assert_close(other, ends[0], rtol=1e-12, atol=1e-14)
        assert values == pytest.approx(losses[0], rel=1e-12)


def test_a_micro_batch_of_padding_alone_counts_for_nothing() -> None:
    inputs, targets = torch.randn(8, 4), torch.tensor([0, 0, 1, 2, 0, 0, 0, 0])  # the last step has no item at all
    ends = []
    for micro in (4, 2):
        torch.manual_seed(3)
        model = TinyModel()
        data = DataSplits(TensorDataset(inputs, targets))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        loader = LoaderConfig(batch_size=4, micro_batch_size=micro, shuffle=False)
        run(tiny_context(model, loss=Tokens(), data=data, optimizer=optimizer, loader=loader, train={"epochs": 1}))
        ends.append(weights(model))

    torch.testing.assert_close(ends[1], ends[0])
    assert all(bool(torch.isfinite(item).all()) for item in ends[0].values())


def test_a_scheduler_counts_optimizer_steps() -> None:
    model = TinyModel()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    rates: list[float] = []
    run(
        tiny_context(
            model,
            optimizer=optimizer,
            scheduler=torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5),
            loader=LoaderConfig(batch_size=8, micro_batch_size=2),
            callbacks={"look": EachStep(lambda context: rates.append(optimizer.param_groups[0]["lr"]))},
            train={"epochs": 1},
        )
    )

    assert rates == [1.0, 0.5, 0.25, 0.125]


def test_a_scheduler_of_epochs_steps_once_an_epoch_after_validation() -> None:
    model = TinyModel()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.1, threshold=10.0)
    run(
        tiny_context(
            model,
            optimizer=optimizer,
            scheduler=Schedule(plateau, "epoch", "validation/loss"),
            train={"epochs": 3},
        )
    )

    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)  # a threshold that nothing reaches


def test_training_ends_at_the_first_end_that_is_reached() -> None:
    assert run(tiny_context(train={"epochs": 3, "steps": 5})).step == 5
    assert run(tiny_context(train={"epochs": 1, "steps": 50})).step == 4
    summary = run(tiny_context(train={"epochs": 10_000, "max_time": "1s"}))
    assert summary.status == "completed" and 1 <= summary.seconds < 20 and summary.step > 0


def test_arguments_of_the_loop_take_the_place_of_those_of_the_context() -> None:
    context = tiny_context()

    assert TrainLoop(context, steps=3).run().step == 3
    with pytest.raises(ValueError, match="must be a number greater than 0 with a unit"):
        TrainLoop(tiny_context(), max_time="soon")


def test_the_summary_says_how_the_run_went() -> None:
    summary = run(tiny_context(record=True))

    assert (summary.status, summary.epoch, summary.step) == ("completed", 2, 8)
    assert {"train/loss", "train/epoch_loss", "validation/loss", "test/loss"} <= summary.metrics.keys()
    assert summary.best is not None and summary.best["metric"] == "validation/loss"
    assert summary.checkpoint == "step-00000008"
    assert summary.samples_per_second > 0 and summary.seconds > 0


def test_points_that_no_interval_closed_are_made_at_the_end() -> None:
    summary = run(tiny_context(record=True, train={"epochs": 1, "log_every": "50st"}))

    losses = points(summary.run_folder, "train/loss")
    assert [step for _, step, _ in losses] == [4]
    assert losses[0][2] == pytest.approx(summary.metrics["train/epoch_loss"])


@pytest.mark.parametrize("drop_last", [False, True])
def test_an_iterable_trains_over_epochs_and_accumulates(drop_last: bool) -> None:
    hear = Hear()
    context = tiny_context(
        data=DataSplits(Points(11)),
        loader=LoaderConfig(batch_size=4, micro_batch_size=2, drop_last=drop_last, workers=1),
        callbacks={"hear": hear},
    )
    notes = " · ".join(context.notes)
    summary = run(context)

    assert summary.epoch == 2
    assert summary.step == (4 if drop_last else 6)
    assert hear.heard.count("batch_end") == (8 if drop_last else 12)
    assert "loader.workers=1 has no effect: an iterable is read in order, in this process" in notes
    assert "loader.shuffle has no effect: an iterable comes in its own order" in notes


class Points(IterableDataset[Any]):
    def __init__(self, length: int) -> None:
        self.length = length

    def __iter__(self) -> Any:
        inputs, targets = tiny_data(self.length).train.tensors  # type: ignore[union-attr]
        return iter(list(zip(inputs, targets, strict=True)))

    def __len__(self) -> int:
        return self.length


@pytest.mark.parametrize(
    ("data", "loader", "message"),
    [
        (lambda: DataSplits(Points(0)), LoaderConfig(batch_size=4), "gave no batch in epoch 0. Give it samples"),
        (
            lambda: tiny_data(7),
            LoaderConfig(batch_size=8, drop_last=True),
            "gave no batch in epoch 0, and loader.drop_last leaves out what is less than 8 samples",
        ),
        (lambda: DataSplits(iter(list(Points(4)))), LoaderConfig(batch_size=4), "gave no batch in epoch 1"),
    ],
    ids=["empty", "dropped", "spent"],
)
def test_an_epoch_without_a_batch_ends_the_run(data: Any, loader: LoaderConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(tiny_context(data=data(), loader=loader, train={"epochs": None, "steps": 5}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"train": {"epochs": None}},
            "train: has no end: epochs, steps and max_time are all null. Set train.epochs=10",
        ),
        ({"data": DataSplits(None, test=[])}, "data: has no training split. Choose data that has one."),
        (
            {"data": DataSplits(Points(8)), "train": {"log_every": "0.5ep"}},
            "train.log_every: 0.5ep needs data with a length, and this data has none. Count steps: train.log_every=",
        ),
        (
            {"data": DataSplits(Points(8)), "checkpoint": {"every": "1.5ep"}},
            "checkpoint.every: 1.5ep needs data with a length",
        ),
    ],
    ids=["no end", "no data", "log_every", "every"],
)
def test_what_cannot_be_trained_is_refused_before_there_is_a_run_folder(options: Any, message: str, here: Any) -> None:
    context = tiny_context(record=True, **options)

    with pytest.raises(ConfigError, match=message):
        run(context)
    assert context.status == "closed"
    assert not (here / "outputs").exists()


def test_a_context_is_for_one_run() -> None:
    context = tiny_context()
    run(context)

    with pytest.raises(AcceleratorError, match="This context is closed. Make a new one for another run."):
        run(context)
    with pytest.raises(AcceleratorError, match="This context is closed"):
        EvaluationLoop(context).run()
    nested = tiny_context(callbacks={"again": At(1, run)})
    with pytest.raises(AcceleratorError, match="This context is running. Make a new one for another run."):
        run(nested)


def test_best_weights_are_tested_when_asked_for_and_the_last_ones_stay() -> None:
    model = TinyModel()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def spoil(context: Context) -> None:
        with torch.no_grad():
            for parameter in context.model.parameters():
                parameter.mul_(100.0)

    context = tiny_context(
        model, optimizer=optimizer, callbacks={"spoil": At(6, spoil)}, record=True, checkpoint={"use": "best"}
    )
    spoiled = run(context)
    assert spoiled.best is not None and spoiled.best["step"] == 4
    assert spoiled.metrics["test/loss"] < 0.5 * spoiled.metrics["validation/loss"]
    assert max(item.abs().max() for item in weights(model).values()) > 10


class Players(Task):
    """Two players, each with an optimizer of its own, stepped by the task."""

    manual = True

    def training_step(self, context: Context, batch: Any) -> StepResult:
        total = torch.zeros(())
        for name, optimizer in context.optimization.optimizers.items():
            optimizer.zero_grad()
            loss = context.model.get_submodule(name)(batch["input"]).square().mean()
            loss.backward()
            optimizer.step()
            total = total + loss.detach()
        return StepResult(total, {}, len(batch["input"]))

    def validation_step(self, context: Context, batch: Any) -> StepResult:
        return StepResult(torch.ones(()), {}, len(batch["input"]))

    def prediction_step(self, context: Context, batch: Any) -> Any:
        return {}


def test_a_manual_task_steps_its_own_optimizers() -> None:
    model = nn.ModuleDict({"generator": nn.Linear(4, 2), "critic": nn.Linear(4, 1)})
    optimizers = {name: torch.optim.SGD(part.parameters(), lr=0.1) for name, part in model.items()}
    schedulers = {"critic": torch.optim.lr_scheduler.ExponentialLR(optimizers["critic"], 0.5)}
    hear = Hear()
    before = weights(model)
    summary = run(
        tiny_context(
            model,
            task=Players(),
            loss={},
            optimizer=optimizers,
            scheduler=schedulers,
            callbacks={"hear": hear},
            record=True,
        )
    )

    assert summary.step == 8
    assert hear.heard.count("step_end") == hear.heard.count("backward_end") == 8
    assert optimizers["critic"].param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**8)
    assert optimizers["generator"].param_groups[0]["lr"] == 0.1
    assert all(not torch.equal(before[name], value) for name, value in weights(model).items())
    assert summary.metrics["optimizer/lr_generator"] == pytest.approx(0.1)
    assert summary.checkpoint == "step-00000008"


def test_a_loss_that_is_no_number_is_named() -> None:
    with pytest.raises(ComponentError, match=r"loss 'cross_entropy' gives a tensor of shape \(8,\), and one number"):
        run(tiny_context(loss=nn.CrossEntropyLoss(reduction="none")))
    with pytest.raises(ComponentError, match=r"loss 'odd' gives a float, and one number is needed. Take its mean"):
        run(tiny_context(loss={"odd": lambda prediction, target: 1.0}))
    with pytest.raises(ConfigError, match="loss: there is none to train on. Choose one, such as loss=cross_entropy"):
        run(tiny_context(loss={}))


def test_several_losses_are_weighted_and_logged_by_name() -> None:
    losses = {
        "a": LossTerm(nn.CrossEntropyLoss(), 0.5),
        "b": LossTerm(lambda prediction: prediction.square().mean(), 2.0, ["prediction"]),
    }
    summary = run(tiny_context(loss=losses, record=True))

    metrics = summary.metrics
    for split in ("train", "validation", "test"):
        parts = 0.5 * metrics[f"{split}/loss_a"] + 2.0 * metrics[f"{split}/loss_b"]
        assert metrics[f"{split}/loss"] == pytest.approx(parts, rel=1e-5)


def test_a_run_without_validation_ranks_checkpoints_by_the_training_loss_and_says_so() -> None:
    data = DataSplits(tiny_data(32).train)
    context = tiny_context(data=data, record=True, train={"log_every": "50st"}, checkpoint={"every": "2st"})
    notes = " · ".join(context.notes)
    summary = run(context)

    assert "checkpoint.monitor is train/loss: nothing gives validation/loss where there is no validation" in notes
    assert summary.best is not None and summary.best["metric"] == "train/loss"


def test_the_best_checkpoint_is_known_when_steps_and_epochs_end_together() -> None:
    summary = run(tiny_context(record=True, checkpoint={"every": "2st"}))

    assert summary.best is not None
    assert summary.best["value"] == min(value for _, _, value in points(summary.run_folder, "validation/loss"))
    folder = summary.run_folder / "checkpoints"
    assert (folder / "best").read_text().strip() == summary.best["checkpoint"]
    assert (folder / "last").read_text().strip() == "step-00000008"


def test_a_run_in_a_callback_of_another_leaves_it_alone() -> None:
    def train(**options: Any) -> tuple[Context, Any]:
        with torch.random.fork_rng():
            torch.manual_seed(1)
            model = Dropping()
        context = tiny_context(model, record=True, **options)
        return context, run(context)

    def inner(context: Context) -> None:
        threads = torch.get_num_threads()
        other, summary = train(seed=5, name="inner", train={"epochs": 1, "steps": 3})
        assert torch.get_num_threads() == threads
        assert summary.step == 3 and other.state is not context.state
        assert context.status == "running" and context.state.step == 3

    alone, expected = train()
    disturbed, found = train(callbacks={"inner": At(3, inner)})

    assert_same(weights(disturbed.model), weights(alone.model))
    assert points(found.run_folder, "train/loss") == points(expected.run_folder, "train/loss")


def test_a_run_leaves_nothing_of_its_own_in_the_process() -> None:
    import multiprocessing
    import os
    import signal
    import threading

    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    before = (os.getcwd(), torch.get_num_threads(), *map(signal.getsignal, (signal.SIGINT, signal.SIGTERM)))
    model = TinyModel()
    torch.manual_seed(9)
    run(_context_of(model))

    assert torch.equal(torch.rand(3), expected)
    after = (os.getcwd(), torch.get_num_threads(), *map(signal.getsignal, (signal.SIGINT, signal.SIGTERM)))
    assert after == before
    assert multiprocessing.active_children() == []
    assert [item.name for item in threading.enumerate() if item.name.startswith("checkpoint")] == []


def _context_of(model: nn.Module) -> Context:
    from accelerator.runtime.engine.single import SingleEngine

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    engine = SingleEngine(threads=2)
    return Context(
        model=model, loss=nn.CrossEntropyLoss(), data=tiny_data(), optimizer=optimizer, engine=engine,
        loader=LoaderConfig(batch_size=8), train=None, name="alone",
    )  # fmt: skip


def test_validation_may_be_switched_off() -> None:
    hear = Hear()
    summary = run(tiny_context(record=True, callbacks={"hear": hear}, train={"validate_every": None}))

    assert "validation_start" not in hear.heard
    assert summary.best is not None and summary.best["metric"] == "train/loss"


def test_a_time_limit_is_one_interval() -> None:
    loop = TrainLoop(tiny_context(), max_time="90s")

    assert loop.context.settings.train.max_time == Interval.parse("90s")
    assert loop.context.settings.train.epochs is None


def test_an_error_of_the_users_code_passes_through_unchanged() -> None:
    def fail(prediction: Tensor, target: Tensor) -> Tensor:
        raise Stop("mine")

    with pytest.raises(Stop, match="mine"):
        run(tiny_context(loss={"bad": fail}))
