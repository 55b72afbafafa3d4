"""The names that losses, metrics and validation sets give."""

import pytest

from accelerator.config.metric_names import MetricNames

METRICS = {"accuracy": ["train", "validation"], "confusion": ["test"]}
ONE = MetricNames(["cross_entropy"], METRICS)
SETS = MetricNames(["mse", "l1"], METRICS, ["day", "night"])
UNSAID = MetricNames(["mse"], METRICS, None)


def test_one_validation_set_has_no_name() -> None:
    training = ["train/loss", "train/epoch_loss"]

    assert ONE.known == [*training, "validation/loss", "validation/accuracy", "train/accuracy"]


def test_several_sets_have_each_their_own_and_one_loss_of_all() -> None:
    assert [name for name in SETS.known if name.startswith("validation/")] == [
        "validation/loss",
        *(
            f"validation/{one}/{name}"
            for one in ("day", "night")
            for name in ("loss", "loss_mse", "loss_l1", "accuracy")
        ),
    ]


@pytest.mark.parametrize(
    ("names", "name", "is_there"),
    [
        (ONE, "validation/accuracy", True),
        (ONE, "validation/accuracy_cat", True),
        (ONE, "validation/loss_cat", False),
        (ONE, "validation/confusion", False),
        (ONE, "validation/day/accuracy", False),
        (SETS, "validation/night/accuracy", True),
        (SETS, "validation/night/accuracy_cat", True),
        (SETS, "validation/accuracy", False),
        (SETS, "validation/dusk/accuracy", False),
        (UNSAID, "validation/dusk/accuracy", True),
        (UNSAID, "validation/dusk/acuracy", False),
    ],
)
def test_a_name_is_measured_or_not(names: MetricNames, name: str, is_there: bool) -> None:
    assert names.has(name) is is_there
