from typing import Any

import pytest
import torch
from torch import Tensor, nn

from accelerator.domain.cross.tasks import ClassificationTask, SupervisedTask
from accelerator.errors import ComponentError, ConfigError
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import DataSplits
from accelerator.runtime.losses import LossTerm
from accelerator.runtime.task import LossValue
from accelerator.testing.tiny import TinyModel, tiny_data

BATCH = {"input": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "other": torch.tensor([[10.0], [20.0]])}
CLASSES = BATCH | {"target": torch.tensor([1, 0])}


class Fixed(nn.Module):
    """Gives what it was made with, and keeps what it was called with."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value
        self.weight = nn.Parameter(torch.zeros(()))
        self.called_with: Any = None

    def forward(self, *args: Tensor, **kwargs: Tensor) -> Any:
        self.called_with = (args, kwargs)
        return self.value


def context_with(model: nn.Module, loss: Any = None) -> Context:
    return Context(
        model=model,
        loss=loss or nn.CrossEntropyLoss(),
        data=DataSplits(train=tiny_data().train),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        record=False,
    )


def test_inputs_in_a_list_go_by_position() -> None:
    model = Fixed(torch.zeros(2))

    SupervisedTask(["other", "input"]).prediction_step(context_with(model), BATCH)

    assert model.called_with == ((BATCH["other"], BATCH["input"]), {})


def test_inputs_in_a_mapping_go_by_name() -> None:
    model = Fixed(torch.zeros(2))

    SupervisedTask({"x": "input", "mask": "other"}).prediction_step(context_with(model), BATCH)

    assert model.called_with == ((), {"x": BATCH["input"], "mask": BATCH["other"]})


def test_an_input_may_lie_inside_a_nested_field() -> None:
    model = Fixed(torch.zeros(2))

    SupervisedTask(["image.left"]).prediction_step(context_with(model), {"image": {"left": BATCH["input"]}})

    assert model.called_with == ((BATCH["input"],), {})


def test_what_a_model_returns_is_the_prediction() -> None:
    value = torch.zeros(2)

    assert SupervisedTask().prediction_step(context_with(Fixed(value)), BATCH) == {"prediction": value}


def test_outputs_by_name_keep_their_names() -> None:
    outputs = {"mean": torch.zeros(2), "scale": torch.ones(2)}

    assert SupervisedTask().prediction_step(context_with(Fixed(outputs)), BATCH) == outputs


def test_a_step_gives_the_loss_of_the_batch() -> None:
    logits = torch.tensor([[0.0, 2.0], [1.0, 0.0]])

    result = ClassificationTask().training_step(context_with(Fixed(logits)), CLASSES)

    expected = nn.functional.cross_entropy(logits, CLASSES["target"])
    assert torch.equal(result.loss, expected)
    assert result.outputs == {"prediction": logits}
    assert (result.num_items, result.terms) == (2, {})


def test_a_step_counts_the_items_of_a_loss_that_counts_its_own() -> None:
    context = context_with(Fixed(torch.zeros(2)), lambda prediction, target: LossValue(torch.tensor(12.0), 4))

    result = SupervisedTask().training_step(context, CLASSES)

    assert (float(result.loss), result.num_items) == (3.0, 4)


def test_several_losses_are_added_and_named() -> None:
    def twice(prediction: Tensor, target: Tensor) -> Tensor:
        return prediction.sum() * 2

    losses = {"a": LossTerm(twice), "b": LossTerm(twice, weight=0.5)}
    context = context_with(Fixed(torch.tensor([1.0, 2.0])), losses)

    result = SupervisedTask().validation_step(context, CLASSES)

    assert float(result.loss) == 9.0
    assert {name: float(value) for name, value in result.terms.items()} == {"a": 6.0, "b": 6.0}


def test_the_loss_has_a_graph_to_the_model() -> None:
    model = TinyModel()
    context = context_with(model)
    train: Any = tiny_data().train
    images, targets = train.tensors

    context.task.training_step(context, {"input": images, "target": targets}).loss.backward()

    assert all(item.grad is not None for item in model.parameters())


def test_a_classification_predicts_class_and_probabilities() -> None:
    logits = torch.tensor([[0.0, 1.0], [2.0, 0.0]], dtype=torch.bfloat16)

    found = ClassificationTask().prediction_step(context_with(Fixed(logits)), BATCH)

    assert found["prediction"].tolist() == [1, 0]
    assert found["probabilities"].dtype == torch.float32
    torch.testing.assert_close(found["probabilities"][:, 1], torch.sigmoid(torch.tensor([1.0, -2.0])))


def test_a_classification_takes_the_logits_it_is_told() -> None:
    outputs = {"logits": torch.tensor([[0.0, 1.0]]), "hidden": torch.zeros(1, 8)}
    task = ClassificationTask(logits="logits")

    result = task.training_step(context_with(Fixed(outputs)), {"input": torch.zeros(1, 2), "target": torch.tensor([1])})

    assert set(result.outputs) == {"logits", "hidden", "prediction"}
    assert result.outputs["prediction"] is outputs["logits"]


@pytest.mark.parametrize(
    ("outputs", "described"),
    [
        (
            {"logit": torch.zeros(1, 2)},
            r"gives a mapping of logit, .* with 'logits'\. Did you mean 'logit'\? Known: logit\. Name",
        ),
        (
            (torch.zeros(1), torch.zeros(1)),
            r"gives a tuple, and a tensor of logits is needed, or a mapping with 'logits'",
        ),
    ],
)
def test_a_model_without_logits_is_refused(outputs: Any, described: str) -> None:
    with pytest.raises(ComponentError, match=described):
        ClassificationTask(logits="logits").training_step(context_with(Fixed(outputs)), CLASSES)


@pytest.mark.parametrize("inputs", ["input", [], {}])
def test_inputs_must_be_named(inputs: Any) -> None:
    with pytest.raises(
        ComponentError, match=r"^task\.inputs = .*: must name the batch fields .* as a list \(\[input\]\) or"
    ):
        SupervisedTask(inputs)


def test_an_input_that_the_batch_lacks_is_named() -> None:
    with pytest.raises(ConfigError, match=r"task\.inputs: there is no 'inputs' .* Did you mean 'input'\?"):
        SupervisedTask(["inputs"]).training_step(context_with(Fixed(torch.zeros(2))), BATCH)
