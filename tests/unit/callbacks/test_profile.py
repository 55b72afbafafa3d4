"""A few steps are profiled; the trace lies in the run folder."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from accelerator.callbacks.profile import Profile
from accelerator.errors import ComponentError
from accelerator.runtime.context import Context
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.testing.tiny import TinyModel, tiny_data


def _train(profile: Profile, steps: int, record: bool) -> Any:
    model = TinyModel()
    context = Context(
        model=model,
        loss=nn.CrossEntropyLoss(),
        data=tiny_data(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        callbacks={"profile": profile},
        batch_size=2,
        record=record,
    )
    return TrainLoop(context, steps=steps).run()


def test_the_trace_and_the_table_lie_in_the_run_folder(
    inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _train(Profile(skip=1, steps=2, rows=3), steps=4, record=True).run_folder

    trace = json.loads((folder / "profile" / "trace.json").read_text())
    printed = capsys.readouterr().out
    assert any(event.get("name", "").startswith("aten::") for event in trace["traceEvents"])
    assert (folder / "profile" / "table.txt").read_text().strip() in printed
    assert str(folder / "profile" / "trace.json") in printed


def test_a_run_without_a_folder_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    _train(Profile(skip=1, steps=100), steps=3, record=False)

    printed = capsys.readouterr().out
    assert "Self CPU time total" in printed
    assert "perfetto" not in printed


def test_a_run_that_ends_too_early_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _train(Profile(skip=9), steps=2, record=False)

    assert "Nothing was profiled: the run ended before step 10. Lower callback.profile.skip." in capsys.readouterr().out


@pytest.mark.parametrize("name", ["skip", "steps", "rows"])
def test_less_than_one_is_refused(name: str) -> None:
    with pytest.raises(ComponentError, match=f"profile.{name} = 0: must be at least 1"):
        Profile(**{name: 0})
