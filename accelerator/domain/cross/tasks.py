"""Tasks in which a model maps some fields of a batch to outputs, and losses compare these with other fields."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from accelerator.config.declared import gives
from accelerator.errors import ComponentError, did_you_mean
from accelerator.runtime.data.transforms import batch_size_of
from accelerator.runtime.fields import look_up
from accelerator.runtime.task import Batch, StepResult, Task

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

PREDICTION = "prediction"

Inputs = Sequence[str] | Mapping[str, str]
"""The batch fields that the model is called with: a list, by position, or a mapping of argument to field."""


@gives("prediction", "*", needs=("loss",))
class SupervisedTask(Task):
    """Calls the model, and gives what it returns as `prediction`, or under its own names when it returns a mapping.

    What the outputs mean is up to the losses and metrics.

    Args:
        inputs: batch fields for the model: a list, by position, or a mapping of argument to field.
    """

    def __init__(self, inputs: Inputs = ("input",)) -> None:
        self._call = _model_call(inputs)

    def training_step(self, context: "Context", batch: Batch) -> StepResult:
        """Return the weighted sum of the losses, and the model's outputs."""
        return _step(context, batch, _outputs(self._call(context.model, batch)))

    def prediction_step(self, context: "Context", batch: Batch) -> Mapping[str, Any]:
        """Return the model's outputs."""
        return _outputs(self._call(context.model, batch))


@gives("prediction", "*", needs=("loss",))
class ClassificationTask(Task):
    """One class a sample: the model gives logits (batch, classes, …), the target is the class.

    Args:
        inputs: batch fields for the model: a list, by position, or a mapping of argument to field.
        logits: which output holds the logits, for a model that returns a mapping (`logits` for those of transformers).
    """

    def __init__(self, inputs: Inputs = ("input",), logits: str = PREDICTION) -> None:
        self._call = _model_call(inputs)
        self._logits = logits

    def training_step(self, context: "Context", batch: Batch) -> StepResult:
        """Return the weighted sum of the losses, and the model's outputs, the logits as `prediction`."""
        return _step(context, batch, self._named(self._call(context.model, batch)))

    def prediction_step(self, context: "Context", batch: Batch) -> Mapping[str, Any]:
        """Return `prediction`, the likeliest class (batch, …), and `probabilities` (batch, classes, …), float32."""
        logits = self._named(self._call(context.model, batch))[PREDICTION]
        return {PREDICTION: logits.argmax(dim=1), "probabilities": logits.float().softmax(dim=1)}

    def _named(self, value: Any) -> Mapping[str, Any]:
        if isinstance(value, Tensor):
            return {PREDICTION: value}
        if not isinstance(value, Mapping) or self._logits not in value:
            names = list(value) if isinstance(value, Mapping) else []
            raise ComponentError(
                f"task classification: the model gives {_described(value)}, and a tensor of logits is needed, or a "
                f"mapping with '{self._logits}'. {did_you_mean(self._logits, names)} Name it in task.logits."
            )
        return {**value, PREDICTION: value[self._logits]}


def _step(context: "Context", batch: Batch, outputs: Mapping[str, Any]) -> StepResult:
    total = context.losses(outputs, batch)
    num_items = total.num_items
    return StepResult(total.loss, outputs, batch_size_of(batch) if num_items is None else num_items, total.terms)


def _outputs(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Tensor) or not isinstance(value, Mapping):
        return {PREDICTION: value}
    outputs: Mapping[str, Any] = value
    return outputs


def _model_call(inputs: Inputs) -> Callable[[Any, Batch], Any]:
    """Return how the model is called on a batch. One input, the usual case, costs one look-up.

    Raises:
        ComponentError: `inputs` is empty or a single name.
    """
    if isinstance(inputs, str) or not inputs:
        raise ComponentError(
            f"task.inputs = {inputs!r}: must name the batch fields that the model is called with, as a list ([input]) "
            f"or as a mapping of argument to field ({{x: input}})."
        )
    if isinstance(inputs, Mapping):
        fields = dict(inputs)
        return lambda model, batch: model(**{name: _field(batch, field) for name, field in fields.items()})
    names = tuple(inputs)
    if len(names) == 1:
        name = names[0]
        return lambda model, batch: model(batch[name] if name in batch else _field(batch, name))
    return lambda model, batch: model(*[_field(batch, name) for name in names])


def _field(batch: Batch, name: str) -> Any:
    return batch[name] if name in batch else look_up(name, {}, batch, user="task")


def _described(value: Any) -> str:
    return f"a mapping of {', '.join(map(str, value))}" if isinstance(value, Mapping) else f"a {type(value).__name__}"
