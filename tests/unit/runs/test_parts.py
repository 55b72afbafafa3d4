"""Parts of a run as a journal tells of them."""

from pathlib import Path
from typing import Any

import pytest

from accelerator.runs.journal import JournalWriter, read_journal
from accelerator.runs.parts import CameIn, Gave, Origin, Part, part_of_record

PART = Part(
    name="finetune",
    state="ran",
    folder="/p/steps/finetune",
    run_folder="/p/steps/finetune/run/a",
    has_run=True,
    came_in=(CameIn("weights", "/w", "ab", "checkpoint.best", Origin("/p/.run/p", "pretrain")), CameIn("seed", "1")),
    gave={"metrics": Gave("metrics", "{}", "cd")},
    metrics={"test/loss": float("inf")},
    taken_from=Origin("/q/.run/q", "tune", "/q/steps/tune/run/b"),
    tags={"uses": "digits"},
    time=12.5,
)


def test_a_part_comes_back_from_a_journal_as_it_was_told(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path)
    journal.append([PART.to_record()])
    journal.close()

    (record,) = read_journal(tmp_path)

    assert part_of_record(record) == PART


@pytest.mark.parametrize(
    "changed", [{"came_in": 3}, {"came_in": [{"key": "a"}]}, {"gave": []}, {"metrics": {"a": "b"}}, {"taken_from": 1}]
)
def test_what_is_no_part_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        part_of_record({**PART.to_record(), **changed})


def test_the_key_of_a_part_ends_no_search_of_a_store() -> None:
    assert Origin("/p/.run/20261123-101500-000001", "a' or '1' = '1").key == ("20261123-101500-000001/a_ or _1_ = _1")
