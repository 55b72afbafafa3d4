"""What the data tells the model is remembered by every checkpoint."""

from pathlib import Path

import pytest
import torch

from accelerator.errors import ComponentError
from accelerator.runtime.checkpoint.files import read_manifest
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.testing.tiny import TinyModel, tiny_data


def _context(data: DataSplits) -> Context:
    model = TinyModel()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Context(model=model, loss=torch.nn.CrossEntropyLoss(), optimizer=optimizer, data=data)


def test_a_checkpoint_remembers_them() -> None:
    summary = TrainLoop(_context(tiny_data()), steps=1).run()

    path = Path(str(summary.run_folder), "checkpoints", str(summary.checkpoint))
    assert read_manifest(path)["facts"] == {"num_features": 4, "num_classes": 3}


def test_what_cannot_be_remembered_is_refused_when_it_is_built() -> None:
    context = _context(DataSplits(train=tiny_data().train, facts={"weights": torch.ones(3)}))

    with pytest.raises(
        ComponentError, match=r"data: facts\['weights'\] holds a Tensor, which a checkpoint cannot remember"
    ):
        context.build()


def test_the_last_points_of_a_run_are_in_its_summary() -> None:
    summary = TrainLoop(_context(tiny_data()), epochs=1).run()

    assert {"train/loss", "train/epoch_loss", "optimizer/lr"} <= summary.metrics.keys()
