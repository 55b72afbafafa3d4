"""Metrics of a split: ours, torchmetrics', and what is no metric."""

from typing import Any

import pytest
import torch
import torchmetrics
from torch import Tensor

from accelerator.domain.cross.metrics import Accuracy
from accelerator.errors import ComponentError, ConfigError
from accelerator.runtime.metrics import Metrics, MetricTerm, as_metric
from tests.unit.runtime.runs import run, tiny_context

CPU = torch.device("cpu")


def batches(num: int = 3) -> list[tuple[dict[str, Tensor], dict[str, Tensor]]]:
    generator = torch.Generator().manual_seed(0)
    return [
        (
            {"prediction": torch.randn(8, 3, generator=generator)},
            {"target": torch.randint(0, 3, (8,), generator=generator)},
        )
        for _ in range(num)
    ]


def f1() -> Any:
    return torchmetrics.F1Score(task="multiclass", num_classes=3, average="macro")


def test_a_metric_of_torchmetrics_gives_its_own_value() -> None:
    metrics = Metrics({"f1": MetricTerm(f1()), "accuracy": MetricTerm(Accuracy())}, "validation", CPU)
    expected = f1()
    for outputs, batch in batches():
        metrics.update(outputs, batch)
        expected.update(outputs["prediction"], batch["target"])

    assert metrics.compute()["f1"] == pytest.approx(expected.compute().item())
    metrics.reset()
    for outputs, batch in batches(1):
        metrics.update(outputs, batch)
    expected.reset()
    expected.update(batches(1)[0][0]["prediction"], batches(1)[0][1]["target"])
    assert metrics.compute()["f1"] == pytest.approx(expected.compute().item())


@pytest.mark.parametrize(
    "make",
    [Accuracy, f1, lambda: torchmetrics.MeanMetric(), lambda: torchmetrics.CatMetric()],
    ids=["ours", "f1", "mean", "list state"],
)
def test_a_state_is_saved_and_taken_back(make: Any) -> None:
    inputs = ["prediction", "target"] if make in (Accuracy, f1) else ["target"]
    terms = {"m": MetricTerm(_last(make()), inputs, ["train"])}
    whole, first, second = (Metrics(terms, "train", CPU) for _ in range(3))
    for place, (outputs, batch) in enumerate(batches(2)):
        whole.update(outputs, batch)
        if place == 0:
            first.update(outputs, batch)
            second.load_state_dict(first.state_dict())
        else:
            second.update(outputs, batch)

    assert second.compute() == whole.compute()


def _last(metric: Any) -> Any:
    if isinstance(metric, torchmetrics.CatMetric):
        return _Total()
    return metric


class _Total(torchmetrics.CatMetric):
    """Keeps every value in a list, and gives one number."""

    def compute(self) -> Tensor:
        return torch.as_tensor(super().compute()).float().mean()


def test_two_metrics_merge() -> None:
    whole, left, right = (as_metric(f1(), "f1", CPU) for _ in range(3))
    for metric, (outputs, batch) in zip((left, right), batches(2), strict=True):
        metric.update(outputs["prediction"], batch["target"])
        whole.update(outputs["prediction"], batch["target"])
    left.merge(right)

    assert torch.allclose(left.compute(), whole.compute())


class Several:
    """A mapping of values."""

    def __getattr__(self, name: str) -> Any:
        if name in ("update", "reset", "load_state_dict", "merge"):
            return lambda *values: None
        raise AttributeError(name)

    def compute(self) -> Any:
        return {"low": torch.tensor([1.0]), "high": 2}

    def state_dict(self) -> dict[str, Any]:
        return {}


def test_a_metric_may_give_several_values() -> None:
    assert Metrics({"range": MetricTerm(Several())}, "test", CPU).compute() == {"range_low": 1.0, "range_high": 2.0}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            torch.zeros(3),
            r"metric 'm' gives a tensor of shape \(3,\); a metric gives one number or a mapping of numbers. Choo",
        ),
        ("high", "metric 'm' gives a str; a metric gives one number"),
        (None, "metric 'm' gives a NoneType"),
    ],
)
def test_what_is_no_number_is_told(value: Any, message: str) -> None:
    metric = Several()
    metric.compute = lambda: value  # type: ignore[method-assign]

    with pytest.raises(ComponentError, match=message):
        Metrics({"m": MetricTerm(metric)}, "test", CPU).compute()


def test_what_lacks_methods_is_told() -> None:
    with pytest.raises(
        ComponentError, match=r"metric 'm' \(dict\) lacks compute, reset, state_dict, load_state_dict, merg"
    ):
        as_metric({}, "m", CPU)


def test_a_metric_is_fed_with_what_its_inputs_name() -> None:
    metrics = Metrics({"m": MetricTerm(Accuracy(), ["logits", "target"])}, "test", CPU)
    outputs, batch = batches(1)[0]

    with pytest.raises(
        ConfigError, match=r"metric.m.inputs: there is no 'logits' in what the task gives \(prediction\) or i"
    ):
        metrics.update(outputs, batch)


def test_metrics_are_computed_on_the_splits_that_they_name() -> None:
    metrics = {
        "everywhere": MetricTerm(Accuracy(), on=["train", "validation", "test"]),
        "training": MetricTerm(Accuracy(), on=["train"]),
        "usual": Accuracy(),
    }
    summary = run(tiny_context(metrics=metrics, record=True))

    names = {name for name in summary.metrics if not name.endswith("loss") and not name.startswith("optimizer")}
    assert names == {
        *("train/everywhere", "validation/everywhere", "test/everywhere"),
        *("train/training", "validation/usual", "test/usual"),
    }


def test_a_metric_of_training_starts_anew_each_epoch() -> None:
    """Four epochs at learning rate 0: every epoch gives the same value."""
    from accelerator.testing.tiny import TinyModel
    from tests.unit.runtime.runs import points

    model = TinyModel()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    metrics = {"m": MetricTerm(Accuracy(), on=["train"])}
    summary = run(tiny_context(model, optimizer=optimizer, metrics=metrics, record=True, train={"epochs": 4}))

    assert len({value for _, _, value in points(summary.run_folder, "train/m")}) == 1
    assert [step for _, step, _ in points(summary.run_folder, "train/m")] == [4, 8, 12, 16]


def test_a_metric_that_a_resume_brings_along_starts_empty() -> None:
    metrics = Metrics({"new": MetricTerm(Accuracy(), on=["train"])}, "train", CPU)
    metrics.load_state_dict({"old": {}})
    metrics.update(*batches(1)[0])

    assert 0 <= metrics.compute()["new"] <= 1
