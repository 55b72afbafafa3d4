"""What ends up in a checkpoint of a run, and what is refused."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from accelerator.errors import ComponentError, NonFiniteError
from accelerator.runs.checkpoints import list_checkpoints
from accelerator.runs.run import Run
from accelerator.runtime.checkpoint.files import read_checkpoint, read_model
from accelerator.runtime.context import Context
from accelerator.runtime.events import Callback
from accelerator.runtime.losses import LossTerm
from accelerator.testing.tiny import TinyModel, tiny_data
from tests.unit.runtime.runs import At, run, tiny_context


def failing_at(step: int, value: float = math.nan) -> Any:
    """Return a loss that is not finite from the given step on."""
    calls = 0

    def loss(prediction: Tensor, target: Tensor) -> Tensor:
        nonlocal calls
        calls += prediction.requires_grad
        right = nn.functional.cross_entropy(prediction, target)
        return right * value if prediction.requires_grad and calls >= step else right

    return loss


def newest(here: Path) -> Run:
    return Run(max((here / "outputs" / "run").iterdir()))


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("step", [1, 3, 6])
def test_a_loss_that_is_not_finite_ends_the_run_at_its_step(value: float, step: int, here: Path) -> None:
    context = tiny_context(
        loss={"bad": failing_at(step, value)},
        record=True,
        checkpoint={"every": "1st", "keep_last": 100},
        train={"log_every": "50st"},
    )
    with pytest.raises(
        NonFiniteError, match=rf"train/loss \(bad\) is (nan|inf) at step {step}\..*Lower optimizer.lr"
    ) as error:
        run(context)

    found = newest(here)
    assert (error.value.name, error.value.step) == ("train/loss", step)
    assert found.status == "failed" and found.summary.error is not None and f"at step {step}" in found.summary.error
    steps = [read_checkpoint(path).step for path in list_checkpoints(found.folder.checkpoints)]
    assert steps == list(range(1, step))
    for path in list_checkpoints(found.folder.checkpoints):
        assert all(bool(torch.isfinite(item).all()) for item in read_model(path).values())
    assert found.summary.checkpoint == (f"step-{step - 1:08d}" if step > 1 else None)


def test_the_term_that_is_not_finite_is_named(here: Path) -> None:
    losses = {"good": LossTerm(nn.CrossEntropyLoss()), "bad": LossTerm(failing_at(2))}

    with pytest.raises(NonFiniteError, match="train/loss_bad is nan at step 2"):
        run(tiny_context(loss=losses))


def test_weights_that_are_not_finite_are_not_saved(here: Path) -> None:
    def spoil(context: Context) -> None:
        with torch.no_grad():
            context.model.get_parameter("second.bias")[0] = math.nan

    spoiled = tiny_context(
        callbacks={"spoil": At(3, spoil)}, record=True, train={"validate_every": None}, checkpoint={"every": "1st"}
    )
    with pytest.raises(
        NonFiniteError, match="the model's second.bias is not finite after step 3. The last checkpoint is"
    ):
        run(spoiled)
    assert newest(here).summary.checkpoint == "step-00000002"


class Masked(TinyModel):
    """Holds minus infinity on purpose, as attention masks do."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.tensor([0.0, -math.inf]))


def test_a_buffer_that_is_infinite_on_purpose_is_saved() -> None:
    assert run(tiny_context(Masked(), record=True)).checkpoint == "step-00000008"


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = self.second(torch.relu(self.first(input)))
        return out


def test_tied_weights_are_saved_once() -> None:
    summary = run(tiny_context(Tied(), record=True))
    path = summary.run_folder / "checkpoints" / summary.checkpoint

    model = read_model(path)
    assert torch.equal(model["first.weight"], model["second.weight"])
    assert b'"second.weight"' not in (path / "model.safetensors").read_bytes()[:2000]


class Odd(Callback):
    """Its state becomes one that no checkpoint can hold."""

    def __init__(self, first: Any, later: Any) -> None:
        self.state, self._later = first, later

    def on_step_end(self, context: Context) -> None:
        self.state = self._later

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.state}


def test_a_state_that_no_checkpoint_can_hold_is_refused_when_built_and_when_saved() -> None:
    with pytest.raises(ComponentError, match=r"callback.odd: state_dict\(\)\['seen'\] is a set."):
        tiny_context(callbacks={"odd": Odd(set(), set())}).build()
    with pytest.raises(ComponentError, match=r"callbacks: state_dict\(\)\['odd.seen'\] is a set."):
        run(tiny_context(callbacks={"odd": Odd(1, set())}, record=True))


def test_a_better_validation_is_saved_between_checkpoints_unless_none_of_the_best_is_kept() -> None:
    options: dict[str, Any] = {"record": True, "data": tiny_data(32), "train": {"epochs": 2, "validate_every": "2st"}}
    kept = run(tiny_context(**options, checkpoint={"every": None}))
    none = run(tiny_context(**options, checkpoint={"every": None, "keep_best": 0}))

    assert [path.name for path in list_checkpoints(none.run_folder / "checkpoints")] == ["step-00000008"]
    assert len(list_checkpoints(kept.run_folder / "checkpoints")) == 2


def test_summary_and_folder_agree_on_last_and_best() -> None:
    summary = run(tiny_context(record=True, train={"epochs": 5, "validate_every": "3st"}, checkpoint={"every": "4st"}))
    folder = summary.run_folder / "checkpoints"

    assert (folder / "last").read_text().strip() == summary.checkpoint
    assert (folder / "best").read_text().strip() == summary.best["checkpoint"]
    assert read_model(folder / summary.best["checkpoint"])
