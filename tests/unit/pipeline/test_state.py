"""`pipeline.json`: what is damaged or of another version is said, and costs no step its result."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from accelerator.errors import StorageError
from accelerator.pipeline.state import PipelineState, StepState, read_state, write_state
from tests.unit.pipeline.conftest import Steps, states

STATE = PipelineState("sums", "completed", "2026-11-25T10:00:00+0000", steps=(StepState("first"),))
DAMAGED = [
    ("{", "is not valid JSON"),
    ("[]", "is of version None, and this accelerator reads version 1. To look at it, use the accelerator that wrote"),
    ('{"format_version": 2}', "is of version 2, and this accelerator reads version 1"),
    ('{"format_version": 1}', "is no pipeline's state ('overrides'). The file is damaged: restore it, or remove"),
    (
        json.dumps(replace(STATE, steps=(StepState("first", state="lost"),)).to_json()),
        "is no pipeline's state (state 'lost')",
    ),
    (json.dumps({**STATE.to_json(), "seconds": None}), "is no pipeline's state (seconds is None)"),
    (
        json.dumps({**STATE.to_json(), "steps": [{**asdict(StepState("first")), "reason": 7}]}),
        "is no pipeline's state (reason is 7)",
    ),
]


@pytest.mark.parametrize(("content", "text"), DAMAGED)
def test_what_is_no_state_is_said(tmp_path: Path, content: str, text: str) -> None:
    write_state(replace(STATE, folder=tmp_path))
    assert read_state(tmp_path) == replace(STATE, folder=tmp_path)
    (tmp_path / "pipeline.json").write_text(content)

    with pytest.raises(StorageError) as caught:
        read_state(tmp_path)

    assert str(caught.value).startswith(f"{tmp_path / 'pipeline.json'}: {text}")


def test_a_damaged_state_is_passed_over_and_what_was_done_is_not_done_again(steps: Steps) -> None:
    steps.write("fault_other", "raise ValueError('upside down')")
    broken = steps.run(until="other").state
    (broken.folder / "pipeline.json").write_text("{")
    (steps.root / "fault_other").unlink()
    steps.calls()

    ended = steps.run(only="other")

    assert states(ended.state)["other"] == "ran"
    assert ended.state.folder != broken.folder
    assert steps.calls() == ["other 2"]
    assert any("is not valid JSON" in line and "It is passed over" in line for line in steps.said)
