"""What a run without checkpoints, such as an evaluation, is known by."""

import json
from pathlib import Path
from typing import Any

import pytest

from accelerator.pipeline.content_hash import ContentHashes, is_run


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    """Return the folder of a run that has ended, and that its tracker has not got yet."""
    (tmp_path / "config.yaml").write_text("name: digits\n")
    write_summary(tmp_path, {"metrics": {"test/loss": 0.5}, "mlflow": None})
    return tmp_path


def write_summary(run: Path, content: dict[str, Any]) -> None:
    (run / "summary.json").write_text(json.dumps(content))


def test_what_is_written_when_a_tracker_has_got_a_run_is_no_change_of_it(evaluation: Path) -> None:
    before = ContentHashes(evaluation / "hashes").of_path(evaluation)
    write_summary(evaluation, {"metrics": {"test/loss": 0.5}, "mlflow": {"run_id": "a"}})
    (evaluation / "tracking.json").write_text("{}")

    assert is_run(evaluation)
    assert ContentHashes(evaluation / "hashes").of_path(evaluation) == before


def test_other_metrics_are_a_change(evaluation: Path) -> None:
    before = ContentHashes(evaluation / "hashes").of_path(evaluation)
    write_summary(evaluation, {"metrics": {"test/loss": 0.25}, "mlflow": None})

    assert ContentHashes(evaluation / "hashes").of_path(evaluation) != before
