"""Records of steps that are damaged, of another version or out of reach: a sentence each, and nothing lost."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from accelerator.errors import StorageError
from accelerator.pipeline.cache import StepCache, StepRecord
from accelerator.pipeline.content_hash import ContentHashes
from accelerator.pipeline.fingerprint import Fingerprint
from accelerator.pipeline.outputs import value

PARTS = Fingerprint("table", {"scale": 1.0}, {}, {})
RECORD = StepRecord(PARTS, "sums", "first", "/somewhere", None, {"count": value(3)})


def changed(**values: Any) -> bytes:
    """Return the file of the record with other values."""
    return json.dumps({"format_version": 1, **asdict(RECORD), **values}).encode()


@pytest.fixture
def cache(tmp_path: Path) -> StepCache:
    made = StepCache(tmp_path)
    made.store(RECORD)
    return made


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xff{", "is damaged"),
        (b"[]", "is of version None"),
        (b'{"format_version": 2}', "is of version 2, and this accelerator writes version 1"),
        (b'{"format_version": 1, "fingerprint": 7, "outputs": {}}', "is no record of a step (TypeError"),
        (b'{"format_version": 1, "fingerprint": {}, "outputs": {}}', "is no record of a step (KeyError: 'config')"),
        (changed(pipeline_folder=7), "is no record of a step (TypeError: pipeline_folder is 7)"),
        (changed(seconds="1"), "is no record of a step (TypeError: seconds is '1')"),
        (changed(outputs={"a": {"type": "file", "value": 7}}), "is no record of a step (TypeError: a file is 7)"),
        (changed(outputs={"a": {"type": "disk", "value": ""}}), "is no record of a step (TypeError: a disk is '')"),
        (
            changed(outputs={"a": {"type": "metrics", "value": {"loss": []}}}),
            "is no record of a step (TypeError: metrics are {'loss': []})",
        ),
    ],
)
def test_a_damaged_record_is_named_once_and_not_used(cache: StepCache, content: bytes, text: str) -> None:
    path = cache.path / "steps" / f"{PARTS.hash}.json"
    assert cache.find(PARTS.hash) == RECORD
    path.write_bytes(content)

    assert [cache.find(PARTS.hash), cache.find(PARTS.hash)] == [None, None]

    (note,) = cache.notes
    assert note.startswith(f"{path} {text}")
    assert note.endswith("it is not used, and its step runs again. To remove it: accelerator pipeline clean")


def test_a_record_under_another_name_is_not_used(cache: StepCache) -> None:
    (cache.path / "steps" / f"{PARTS.hash}.json").rename(cache.path / "steps" / "abc.json")

    assert cache.find("abc") is None
    assert "holds another fingerprint than its name says: it is not used" in cache.notes[0]


@pytest.mark.parametrize("pointer", ["last/sums/first.json", "begun/abc.json"])
def test_a_damaged_pointer_is_named_and_not_used(cache: StepCache, pointer: str) -> None:
    cache.begin("abc", cache.path)
    (cache.path / pointer).write_text("{")

    assert [cache.last("sums", "first"), cache.begun("abc")] == [None if "last" in pointer else RECORD, None]
    assert cache.notes[0].startswith(f"{cache.path / pointer} is damaged: it is not used")


def test_damaged_hashes_are_computed_again(cache: StepCache, tmp_path: Path) -> None:
    cache.path.joinpath("hashes.json").write_text('{"a": [1')
    file = tmp_path / "content"
    file.write_text("1 2 4")

    assert StepCache(tmp_path).hashes.of_file(file) == ContentHashes(tmp_path / "none").of_file(file)


def test_the_key_of_secrets_is_made_once_for_its_user_alone_and_a_damaged_one_is_refused(cache: StepCache) -> None:
    key = cache.key()
    path = cache.path / "key"

    assert (len(key), StepCache(cache.path.parents[1]).key(), path.stat().st_mode & 0o077) == (32, key, 0)
    path.write_bytes(b"")
    with pytest.raises(StorageError, match=f"{path} is damaged: it holds no key. Remove it; steps with secrets run"):
        cache.key()
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match="key: could not be read: Is a directory"):
        cache.key()


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / ".cache").write_text("")
    cache = StepCache(tmp_path)

    assert cache.find(PARTS.hash) is None
    for refused in (lambda: cache.store(RECORD), cache.key, lambda: cache.lock("abc").acquire(bool, list)):
        with pytest.raises(StorageError, match="could not be made: .* A file stands where a folder is needed"):
            refused()


def test_a_change_is_told_from_the_record_that_a_step_was_last_done_with(cache: StepCache) -> None:
    content = json.loads((cache.path / "last/sums/first.json").read_text())

    assert content == {"format_version": 1, "fingerprint": PARTS.hash}
    assert cache.last("sums", "first") == RECORD
