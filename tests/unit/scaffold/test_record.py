"""The record of what we wrote: it is read back as written, and what is damaged in it vouches for nothing."""

import json
from pathlib import Path

import pytest

from accelerator.scaffold.record import Entry, content_of, entry_content, entry_path, is_as_written, read_record

ENTRY = Entry("configs/main.yaml", "defaults: [base] # größer\n", "project", {"package": "demo"})


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a project with one file of ours, and its entry."""
    for path, content in ((entry_path(tmp_path, ENTRY.path), entry_content(ENTRY)), (tmp_path / ENTRY.path, b"")):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (tmp_path / ENTRY.path).write_text(ENTRY.text, encoding="utf-8")
    return tmp_path


def test_an_entry_is_read_as_it_was_written(recorded: Path) -> None:
    record = read_record(recorded)

    (read,) = record.entries.values()
    assert (read.path, read.text, read.template, read.values) == (
        ENTRY.path,
        ENTRY.text,
        ENTRY.template,
        ENTRY.values,
    )
    assert read.version == "0.1.0"
    assert record.damaged == ()


def test_a_project_without_a_record_has_an_empty_one(tmp_path: Path) -> None:
    record = read_record(tmp_path)

    assert (record.entries, record.damaged) == ({}, ())


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text[:40], id="torn"),
        pytest.param(lambda text: "", id="empty"),
        pytest.param(lambda text: "[]", id="a list"),
        pytest.param(lambda text: "null", id="null"),
        pytest.param(lambda text: text.replace("[base]", "[mine]"), id="another text"),
        pytest.param(lambda text: text.replace('"format_version": 1', '"format_version": 2'), id="a later format"),
        pytest.param(lambda text: text.replace('"values"', '"value"'), id="a key is missing"),
        pytest.param(lambda text: "<<<<<<< HEAD\n" + text, id="a conflict of git"),
        pytest.param(lambda text: json.dumps({**json.loads(text), "text": 3}), id="the text is a number"),
        pytest.param(lambda text: json.dumps({**json.loads(text), "values": 3}), id="the values are a number"),
    ],
)
def test_a_damaged_entry_is_named_and_counts_for_nothing(recorded: Path, damage: "object") -> None:
    place = entry_path(recorded, ENTRY.path)
    place.write_text(damage(place.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]

    record = read_record(recorded)

    assert (record.entries, record.damaged) == ({}, (ENTRY.path,))


def test_a_file_is_as_written_to_the_last_byte_or_not(recorded: Path) -> None:
    before = is_as_written(recorded, ENTRY)
    (recorded / ENTRY.path).write_text(ENTRY.text + "\n", encoding="utf-8")

    assert before
    assert not is_as_written(recorded, ENTRY)


@pytest.mark.parametrize("link", ["configs/main.yaml", "configs"])
def test_what_lies_behind_a_link_is_none_of_ours(recorded: Path, link: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (recorded / link).rename(elsewhere)
    (recorded / link).symlink_to(elsewhere)

    assert (recorded / ENTRY.path).read_text(encoding="utf-8") == ENTRY.text
    assert content_of(recorded, ENTRY.path) is None
