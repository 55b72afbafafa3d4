from typing import Any

import pytest
import torch
from torch import Tensor

from accelerator.domain.cross.metrics import Accuracy, MeanAbsoluteError
from accelerator.errors import ComponentError
from accelerator.runtime.metrics import Metric

LOGITS = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
TARGETS = torch.tensor([1, 1, 1])


def test_accuracy_by_hand() -> None:
    metric = Accuracy()

    metric.update(LOGITS, TARGETS)
    metric.update(torch.tensor([0]), torch.tensor([0]))

    assert float(metric.compute()) == 0.75


def test_both_are_metrics() -> None:
    assert isinstance(Accuracy(), Metric)
    assert isinstance(MeanAbsoluteError(), Metric)


@pytest.mark.parametrize("ignore_index", [None, 2])
@pytest.mark.parametrize("shape", [(16,), (16, 5)])
def test_accuracy_agrees_with_torchmetrics(ignore_index: int | None, shape: tuple[int, ...]) -> None:
    from torchmetrics.classification import MulticlassAccuracy

    ours = Accuracy(ignore_index)
    theirs = MulticlassAccuracy(4, average="micro", ignore_index=ignore_index)
    generator = torch.Generator().manual_seed(0)

    for _ in range(3):
        logits = torch.randn(shape[0], 4, *shape[1:], generator=generator)
        target = torch.randint(0, 4, shape, generator=generator)
        ours.update(logits, target)
        theirs.update(logits, target)

    torch.testing.assert_close(ours.compute(), theirs.compute())


def test_mean_absolute_error_agrees_with_torchmetrics() -> None:
    from torchmetrics import MeanAbsoluteError as Theirs

    ours, theirs = MeanAbsoluteError(), Theirs()
    generator = torch.Generator().manual_seed(0)

    for size in (7, 16):
        prediction = torch.randn(size, 3, generator=generator)
        target = torch.randn(size, 3, generator=generator)
        ours.update(prediction, target)
        theirs.update(prediction, target)

    torch.testing.assert_close(ours.compute().float(), theirs.compute())


def test_mean_absolute_error_by_hand() -> None:
    metric = MeanAbsoluteError()

    metric.update(torch.tensor([1.0, -1.0]), torch.tensor([0.0, 2.0]))

    assert float(metric.compute()) == 2.0


def test_small_batches_count_against_a_large_sum() -> None:
    metric = MeanAbsoluteError()

    metric.update(torch.tensor([2.0**26]), torch.tensor([0.0]))
    for _ in range(100):
        metric.update(torch.tensor([1.0]), torch.tensor([0.0]))

    assert float(metric.compute()) == (2**26 + 100) / 101


def fed(metric: Any, *batches: tuple[Tensor, Tensor]) -> Any:
    for batch in batches:
        metric.update(*batch)
    return metric


FIRST = (torch.tensor([1, 0, 1]), torch.tensor([1, 1, 1]))
SECOND = (torch.tensor([3, 0]), torch.tensor([1, 0]))


@pytest.mark.parametrize("kind", [Accuracy, MeanAbsoluteError, lambda: Accuracy(ignore_index=0)])
class TestState:
    def test_merged_halves_are_the_whole(self, kind: Any) -> None:
        first = fed(kind(), FIRST)

        first.merge(fed(kind(), SECOND))

        assert torch.equal(first.compute(), fed(kind(), FIRST, SECOND).compute())

    def test_a_saved_state_goes_on(self, kind: Any) -> None:
        saved = fed(kind(), FIRST).state_dict()
        again = kind()

        again.load_state_dict(saved)

        assert torch.equal(fed(again, SECOND).compute(), fed(kind(), FIRST, SECOND).compute())

    def test_feeding_on_leaves_a_saved_state_alone(self, kind: Any) -> None:
        metric = fed(kind(), FIRST)
        saved = metric.state_dict()
        before = {name: float(value) for name, value in saved.items()}

        fed(metric, SECOND)

        assert {name: float(value) for name, value in saved.items()} == before

    def test_reset_forgets(self, kind: Any) -> None:
        metric = fed(kind(), FIRST)

        metric.reset()

        assert torch.equal(fed(metric, SECOND).compute(), fed(kind(), SECOND).compute())

    def test_nothing_gives_no_number(self, kind: Any) -> None:
        assert bool(kind().compute().isnan())


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        (torch.zeros(4, 1), torch.zeros(4, dtype=torch.int64)),
        (torch.zeros(4), torch.zeros(4, dtype=torch.int64)),
        (torch.zeros(4, 3), torch.zeros(5, dtype=torch.int64)),
        (torch.zeros(4, dtype=torch.int64), torch.zeros(4, 1, dtype=torch.int64)),
    ],
)
def test_accuracy_refuses_what_it_cannot_compare(prediction: Tensor, target: Tensor) -> None:
    with pytest.raises(
        ComponentError, match=r"accuracy: the prediction has shape \(4.* Choose .* metric\.accuracy\.inputs"
    ):
        Accuracy().update(prediction, target)


def test_mean_absolute_error_refuses_to_broadcast() -> None:
    with pytest.raises(ComponentError, match=r"has shape \(4, 1\) and the target \(4,\); they must be equal\. Reshape"):
        MeanAbsoluteError().update(torch.zeros(4, 1), torch.zeros(4))
