from collections.abc import Sequence

import pytest
import torch
from torch import nn

from accelerator.callbacks.early_stopping import EarlyStopping
from accelerator.errors import ComponentError, ConfigError
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.testing.tiny import TinyModel, tiny_data


def make_context(stopping: EarlyStopping, data: DataSplits | None = None, lr: float = 0.0) -> Context:
    model = TinyModel()
    return Context(
        model=model,
        loss=nn.CrossEntropyLoss(),
        data=data or tiny_data(),
        optimizer=torch.optim.SGD(model.parameters(), lr=lr),
        callbacks={"early_stopping": stopping},
        record=False,
    )


def waits(stopping: EarlyStopping, values: Sequence[float]) -> list[bool]:
    """Feed values of one validation after the other; tell after which of them the run was asked to stop."""
    context = make_context(stopping)
    asked = []
    for value in values:
        context.state.metrics[stopping.monitor] = value
        stopping.on_validation_end(context)
        asked.append(bool(context.state.stop_reason))
    return asked


def test_a_run_that_does_not_get_better_ends_early() -> None:
    context = make_context(EarlyStopping(patience=3))

    summary = TrainLoop(context, epochs=50).run()

    assert (summary.status, summary.epoch) == ("completed", 4)
    assert context.state.stop_reason.startswith("validation/loss did not get better in 3 validations (best ")
    assert "test/loss" in summary.metrics


def test_a_run_that_gets_better_goes_on_to_its_end() -> None:
    context = make_context(EarlyStopping(patience=1), lr=0.01)

    assert TrainLoop(context, epochs=5).run().epoch == 5


def test_a_better_value_starts_the_waiting_anew() -> None:
    asked = waits(EarlyStopping(patience=2), [1.0, 1.1, 0.9, 0.95, 0.9])

    assert asked == [False, False, False, False, True]


def test_larger_is_better_in_mode_max() -> None:
    assert waits(EarlyStopping(mode="max", patience=1), [0.5, 0.6, 0.6]) == [False, False, True]


def test_a_gain_below_the_least_does_not_count() -> None:
    assert waits(EarlyStopping(patience=1, min_delta=0.1), [1.0, 0.95]) == [False, True]
    assert waits(EarlyStopping(patience=1, min_delta=0.1), [1.0, 0.85]) == [False, False]


def test_nan_is_never_better() -> None:
    stopping = EarlyStopping(patience=2)
    context = make_context(stopping)

    assert waits(stopping, [float("nan"), float("nan")]) == [False, True]
    assert waits(EarlyStopping(patience=2), [1.0, float("nan"), 0.5]) == [False, False, False]
    context.state.metrics["validation/loss"] = float("nan")
    stopping.on_validation_end(context)
    assert context.state.stop_reason.endswith("in 3 validations (never a number)")


def test_a_resumed_run_waits_no_longer() -> None:
    begun = EarlyStopping(patience=3)
    waits(begun, [1.0, 1.1, 1.1])
    resumed = EarlyStopping(patience=3)

    resumed.load_state_dict(begun.state_dict())

    assert waits(resumed, [1.1]) == [True]


def test_a_value_that_does_not_exist_is_named() -> None:
    stopping = EarlyStopping(monitor="validation/los")

    with pytest.raises(
        ConfigError, match=r"monitor: 'validation/los' has no value .* Did you mean 'validation/loss'\?"
    ):
        TrainLoop(make_context(stopping), epochs=2).run()


def test_data_without_validation_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^callback\.early_stopping: this data has no validation split, so .* Remove it"
    ):
        TrainLoop(make_context(EarlyStopping(), DataSplits(train=tiny_data().train)), epochs=1).run()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(
        ComponentError, match=r"^early_stopping\.mode = 'mim'\. Did you mean 'min'\? Known: max, min\.$"
    ):
        EarlyStopping(mode="mim")


def test_no_patience_is_refused() -> None:
    with pytest.raises(ComponentError, match=r"^early_stopping\.patience = 0: must be at least 1 validation\.$"):
        EarlyStopping(patience=0)


@pytest.mark.parametrize("value", [-0.1, float("nan")])
def test_a_negative_gain_is_refused(value: float) -> None:
    with pytest.raises(ComponentError, match=rf"^early_stopping\.min_delta = {value}: must be at least 0\.$"):
        EarlyStopping(min_delta=value)
