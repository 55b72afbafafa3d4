"""A run on one batch says whether the model fits it."""

import pytest
import torch
from torch import nn

from accelerator.callbacks.overfit import Overfit
from accelerator.config.interval import Interval
from accelerator.config.schema import TrainConfig
from accelerator.domain.cross.one_batch import OneBatch
from accelerator.errors import ComponentError
from accelerator.runs.summary import Summary
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.testing.tiny import TinyModel, tiny_data


def _train(lr: float, share: float = 0.5, steps: int = 200) -> Summary:
    model = TinyModel()
    data = tiny_data()
    context = Context(
        model=model,
        loss=nn.CrossEntropyLoss(),
        data=DataSplits(train=data.train, fields=data.fields, sampler=OneBatch(size=8, steps=steps)),
        optimizer=torch.optim.SGD(model.parameters(), lr=lr),
        callbacks={"overfit": Overfit(share)},
        train=TrainConfig(epochs=1, log_every=Interval.parse("1st")),
        record=False,
    )
    return TrainLoop(context).run()


def test_a_model_that_learns_stops_early_and_fits(capsys: pytest.CaptureFixture[str]) -> None:
    summary = _train(lr=0.5)

    assert summary.status == "completed"
    assert "The model fits: train/loss went from " in capsys.readouterr().out


def test_a_model_that_does_not_learn_is_told_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    summary = _train(lr=0.0, steps=5)

    printed = capsys.readouterr().out
    assert (summary.status, summary.step) == ("completed", 5)
    assert "The model does NOT fit: train/loss went from " in printed
    assert "If a model cannot learn one batch, look at the loss" in printed


def test_the_first_loss_is_remembered(capsys: pytest.CaptureFixture[str]) -> None:
    callback = Overfit()
    callback.load_state_dict({"first": 2.0})

    assert callback.state_dict() == {"first": 2.0}
    assert Overfit().state_dict() == {"first": None}


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ComponentError, match="must be between 0 and 1, such as 0.05"):
        Overfit(share)
