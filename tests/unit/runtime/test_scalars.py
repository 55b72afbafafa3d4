"""What is logged, from `context.log` to the points in the journal."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from accelerator.errors import ComponentError
from accelerator.runtime.context import Context
from accelerator.runtime.events import Callback
from accelerator.runtime.scalars import ScalarLog, reduce_values
from tests.unit.runtime.runs import points, run, tiny_context


class Log(Callback):
    """Logs the step at every step, as told."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def on_step_end(self, context: Context) -> None:
        context.log("step", float(context.state.step), **self._options)


def logged(log_every: str = "2st", **options: Any) -> list[tuple[int, float]]:
    summary = run(tiny_context(callbacks={"log": Log(**options)}, record=True, train={"log_every": log_every}))
    return [(step, value) for _, step, value in points(summary.run_folder, "train/step")]


@pytest.mark.parametrize(
    ("reduce", "values"),
    [
        ("mean", [1.5, 3.5, 5.5, 7.5]),
        ("sum", [3.0, 7.0, 11.0, 15.0]),
        ("min", [1.0, 3.0, 5.0, 7.0]),
        ("max", [2.0, 4.0, 6.0, 8.0]),
        ("last", [2.0, 4.0, 6.0, 8.0]),
    ],
)
def test_values_between_two_points_become_one(reduce: str, values: list[float]) -> None:
    assert logged(reduce=reduce) == list(zip([2, 4, 6, 8], values, strict=True))


def test_a_value_logged_at_the_end_of_a_step_appears_at_that_step() -> None:
    assert logged("1st") == [(step, float(step)) for step in range(1, 9)]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("4st", [(4, 4.0), (8, 8.0)]),
        ("3st", [(3, 3.0), (6, 6.0), (8, 8.0)]),
        ("1ep", [(4, 4.0), (8, 8.0)]),
        ("0.5ep", [(2, 2.0), (4, 4.0), (6, 6.0), (8, 8.0)]),
        ("2h", [(8, 8.0)]),
    ],
)
def test_a_name_may_have_an_interval_of_its_own(every: str, expected: list[tuple[int, float]]) -> None:
    assert logged("1st", every=every, reduce="last") == expected


class LogEverywhere(Callback):
    def on_validation_batch_end(self, context: Context) -> None:
        context.log("seen", torch.ones(()), reduce="sum")

    def on_test_batch_end(self, context: Context) -> None:
        context.log("seen", 1, reduce="sum")
        context.log("mine/other", np.float32(2.5))

    def on_batch_end(self, context: Context) -> None:
        context.log("numpy", np.float64(0.5))
        context.log("shaped", torch.ones(1, 1, dtype=torch.float64))
        context.log("whole", torch.tensor(3))


def test_what_is_logged_in_an_evaluation_is_one_value_under_its_split() -> None:
    summary = run(tiny_context(callbacks={"log": LogEverywhere()}, record=True))

    assert summary.metrics["validation/seen"] == 2.0
    assert summary.metrics["test/seen"] == 2.0
    assert summary.metrics["mine/other"] == 2.5
    assert (summary.metrics["train/numpy"], summary.metrics["train/shaped"], summary.metrics["train/whole"]) == (
        0.5,
        1,
        3,
    )
    assert points(summary.run_folder, "validation/seen") == [("validation/seen", 4, 2.0), ("validation/seen", 8, 2.0)]


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize(
    ("value", "options", "message"),
    [
        (
            torch.zeros(3),
            {},
            r"context.log\('{split}/x', …\): a tensor of shape \(3,\) is not one number. Log its mean",
        ),
        ("text", {}, r"a str is not one number"),
        (1.0, {"reduce": "median"}, r"context.log\('{split}/x', reduce='median'\): .*Known: last, max, mean, min, sum"),
    ],
)
def test_what_cannot_be_logged_is_refused_where_it_is_logged(
    value: Any, options: Any, message: str, split: str
) -> None:
    context = tiny_context()
    context.state.split = split

    with pytest.raises(ComponentError, match=message.format(split=split)):
        context.log("x", value, **options)
    context.close()


def test_an_interval_that_is_none_is_refused() -> None:
    context = tiny_context()

    with pytest.raises(
        ComponentError, match=r"context.log\('x', every='often'\): must be a number greater than 0 with a"
    ):
        context.log("x", 1.0, every="often")
    context.close()


def test_a_loss_point_is_the_mean_over_items() -> None:
    log = ScalarLog(["a"])
    log.add_loss(torch.tensor(1.0), 3, {}, 1)
    log.add_loss(torch.tensor(5.0), 1, {}, 1)
    assert log.open_loss() is not None
    log.mark(1, 0)
    (point,) = log.fetch()

    assert (point.name, point.value, point.step) == ("train/loss", 2.0, 1)
    epoch = log.epoch_point(1, 0)
    assert epoch is not None and epoch.value == 2.0
    log.start_epoch()
    assert log.epoch_point(1, 0) is None
    assert log.open_loss() is None


def test_values_of_other_kinds_come_over_together() -> None:
    log = ScalarLog(["a"])
    log.add("x", torch.tensor(1.5, dtype=torch.float64), 1)
    log.add("y", torch.tensor([2], dtype=torch.int64), 1)
    log.add("z", torch.tensor(True), 1)
    log.add("nan", torch.tensor(math.nan), 1)  # no loss: it may be what it is
    log.mark(1, 0)

    found = {point.name: point.value for point in log.fetch()}
    assert (found["x"], found["y"], found["z"]) == (1.5, 2.0, 1.0)
    assert math.isnan(found["nan"])


def test_no_item_at_all_is_a_mean_of_nothing() -> None:
    assert reduce_values([0.0, 0.0], "mean", [0, 0]) == 0.0
    assert reduce_values([1.0, 4.0], "mean", [1, 2]) == 3.0


class Artifacts(Callback):
    def on_step_end(self, context: Context) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib.figure import Figure

        if context.state.step == 1:
            context.log_text("notes/first", "hello")
            context.log_text("table.csv", "a,b")
            context.log_image("grey", torch.linspace(0, 1, 12).view(3, 4))
            context.log_image("colour", torch.zeros(3, 2, 2, dtype=torch.uint8))
            context.log_figure("curve", Figure())
            assert context.run_folder is not None
            context.log_file("copy.yaml", context.run_folder / "config.yaml")


def test_artifacts_lie_in_the_run_folder_and_in_the_journal() -> None:
    from accelerator.runs.journal import ARTIFACT, read_journal

    summary = run(tiny_context(callbacks={"log": Artifacts()}, record=True))
    records = [item for item in read_journal(summary.run_folder / "journal") if item["kind"] == ARTIFACT]

    names = ["notes/first.txt", "table.csv", "grey.png", "colour.png", "curve.png", "copy.yaml"]
    assert [item["name"] for item in records if item["path"].startswith("artifacts/")] == names
    assert (summary.run_folder / "artifacts/notes/first-step-00000001.txt").read_text() == "hello"
    for item in records:
        path = summary.run_folder / item["path"]
        assert path.is_file()
        assert not item["name"].endswith(".png") or path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_read_back_as_it_was(here: Any) -> None:
    import io

    from PIL import Image

    from accelerator.runtime.artifacts import image_bytes

    pixels = torch.arange(24, dtype=torch.uint8).view(3, 2, 4) * 10
    found = np.array(Image.open(io.BytesIO(image_bytes(pixels, "x"))))

    assert torch.equal(torch.from_numpy(found).permute(2, 0, 1), pixels)


@pytest.mark.parametrize("shape", [(2, 3, 3), (4,), (1, 2, 3, 4)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    from accelerator.runtime.artifacts import image_bytes

    with pytest.raises(
        ComponentError, match=r"context.log_image\('x'\): shape .* is no picture. Give \(channels, height"
    ):
        image_bytes(torch.zeros(shape), "x")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x"])
def test_an_artifact_stays_inside_the_run_folder(name: str) -> None:
    class Leave(Callback):
        def on_step_end(self, context: Context) -> None:
            context.log_text(name, "x")

    with pytest.raises(ComponentError, match="is no name for an artifact: it must stay inside the run folder."):
        run(tiny_context(callbacks={"leave": Leave()}, record=True))
