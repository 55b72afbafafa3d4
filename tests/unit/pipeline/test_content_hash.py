"""What a folder is known by, and a run without checkpoints, such as an evaluation."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from accelerator.pipeline import content_hash
from accelerator.pipeline.content_hash import ContentHashes, is_run
from accelerator.pipeline.outputs import checkpoint


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


def test_a_large_file_is_known_by_all_its_segments_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_hash, "_SEGMENT_BYTES", 1000)
    monkeypatch.setattr(content_hash, "_BUFFER_BYTES", 300)
    segments = [bytes([number]) * 1000 for number in range(3)]
    texts = [b"".join(segments), b"".join(reversed(segments)), b"".join(segments)[:-1], b"".join(segments) + b"x"]
    for number, text in enumerate([*texts, texts[0]]):
        (tmp_path / f"{number}").write_bytes(text)
    hashes = ContentHashes(tmp_path / "hashes.json")

    found = [hashes.of_file(tmp_path / f"{number}") for number in range(5)]

    assert len(set(found)) == 4
    assert found[0] == found[4]
    assert hashes.bytes_read == sum(map(len, texts)) + 3000


def test_a_folder_is_known_by_what_lies_behind_its_links_too(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "0.txt").write_text("zero")
    data = tmp_path / "data"
    data.mkdir()
    (data / "train").symlink_to(tmp_path / "disk")
    (data / "all").symlink_to(data)  # has no end
    before = ContentHashes(tmp_path / "hashes").of_path(data)

    (tmp_path / "disk" / "0.txt").write_text("one")

    assert ContentHashes(tmp_path / "hashes").of_path(data) != before


def test_what_cannot_be_read_as_a_file_does_not_count_in_a_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "0.txt").write_text("zero")
    before = ContentHashes(tmp_path / "hashes").of_path(data)
    (data / ".#0.txt").symlink_to("somebody@host.4711")  # as Emacs leaves it beside a file that it has open
    os.mkfifo(data / "pipe")

    assert ContentHashes(tmp_path / "hashes").of_path(data) == before


def test_a_file_of_the_users_counts_whatever_its_ending_and_a_half_written_one_of_ours_does_not(tmp_path: Path) -> None:
    (tmp_path / "numbers.part").write_text("1")
    before = ContentHashes(tmp_path / "hashes").of_path(tmp_path)
    (tmp_path / ".numbers.17.part").write_text("half")
    assert ContentHashes(tmp_path / "hashes").of_path(tmp_path) == before

    (tmp_path / "numbers.part").write_text("2")

    assert ContentHashes(tmp_path / "hashes").of_path(tmp_path) != before


def test_damage_to_a_checkpoint_beside_its_model_is_seen_and_is_no_other_input(tmp_path: Path) -> None:
    for name in ("model.safetensors", "state.pt"):
        (tmp_path / name).write_text("numbers")
    hashes, output = ContentHashes(tmp_path / "hashes"), checkpoint(tmp_path)
    before = hashes.of_output(output), hashes.of_checkpoints(output)

    (tmp_path / "state.pt").write_text("damaged")

    assert hashes.of_output(output) == before[0]
    assert hashes.of_checkpoints(output) != before[1]
