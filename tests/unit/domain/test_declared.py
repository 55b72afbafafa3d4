"""What our components declare that they give is what they give."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn

from accelerator.config.declared import MODEL_OUTPUTS, declared_by
from accelerator.domain.cross.mlp import MLP
from accelerator.domain.cross.tasks import ClassificationTask, SupervisedTask
from accelerator.domain.cv.digits import digits
from accelerator.domain.cv.random_flip import RandomFlip
from accelerator.domain.cv.random_shift import RandomShift
from accelerator.domain.cv.resnet import resnet8
from accelerator.runtime.context import Context
from accelerator.runtime.data.randomness import BatchRandom
from accelerator.testing.tiny import TinyModel, tiny_data


class Named(nn.Module):
    """A model that gives two outputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = TinyModel()

    def forward(self, x: torch.Tensor) -> Mapping[str, torch.Tensor]:
        return {"prediction": self.inner(x), "features": x}


@pytest.mark.parametrize("make", [digits, tiny_data])
def test_data_gives_the_fields_and_facts_that_it_declares(make: Any) -> None:
    data, declared = make(), declared_by(make)

    assert declared is not None
    assert declared.names == tuple(data.fields or ("input", "target"))
    assert set(declared.facts or ()) == set(data.facts)
    assert list(declared.validation_sets or ()) == [name for name in data.sets("validation") if name]


@pytest.mark.parametrize("task", [SupervisedTask, ClassificationTask])
@pytest.mark.parametrize("model", [TinyModel, Named])
def test_a_task_gives_the_outputs_that_it_declares_and_those_of_the_model(task: Any, model: Any) -> None:
    declared = declared_by(task)
    net = model()
    context = Context(
        model=net,
        task=task(),
        loss=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(net.parameters(), lr=0.1),
        data=tiny_data(8),
        record=False,
    )
    batch, _ = next(iter(context.train_loader.epoch(0)))

    outputs = context.task.training_step(context, batch).outputs
    context.close()

    assert declared is not None and MODEL_OUTPUTS in declared.names
    own = set(declared.names) - {MODEL_OUTPUTS}
    assert set(outputs) == own | ({"features"} if model is Named else set())


@pytest.mark.parametrize(
    ("declaring", "model", "size"),
    [(MLP, MLP(in_features=4, num_classes=3), (2, 4)), (resnet8, resnet8(num_classes=3), (2, 3, 8, 8))],
)
def test_a_model_that_declares_no_names_gives_a_tensor(declaring: Any, model: nn.Module, size: tuple[int, ...]) -> None:
    declared = declared_by(declaring)

    assert declared is not None and declared.names == ()
    assert isinstance(model(torch.zeros(size)), torch.Tensor)


@pytest.mark.parametrize("transform", [RandomFlip(), RandomShift(0.1)])
def test_a_transform_that_declares_no_names_adds_no_field(transform: Any) -> None:
    declared = declared_by(type(transform))
    batch = {"input": torch.zeros(2, 1, 8, 8), "target": torch.zeros(2)}

    assert declared is not None and declared.names == ()
    assert transform(batch, BatchRandom(0, 0, 0, 2)).keys() == batch.keys()
