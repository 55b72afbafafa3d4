"""Exactly once: whatever the moments of kills and resumes, each (name, step) comes once, as the journal has it."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator.runs.journal import JournalWriter, read_journal
from accelerator.runs.progress import Progress
from accelerator.runs.tail import JournalTail, count_unsent, journal_size


def point(step: int, value: float, name: str = "train/loss") -> dict[str, Any]:
    return {"kind": "metric", "name": name, "value": value, "step": step, "epoch": 1, "time": 1.0}


def write(folder: Path, records: list[dict[str, Any]], from_step: int | None = None) -> None:
    writer = JournalWriter(folder, from_step=from_step)
    writer.append(records)
    writer.close()


def carry(folder: Path, progress: Progress) -> tuple[list[tuple[int, float]], Progress]:
    tail, sent = JournalTail(folder), []
    while (batch := tail.next_batch(progress)) is not None:
        sent += [(record["step"], record["value"]) for record in batch.records if record["kind"] == "metric"]
        progress = batch.progress
    return sent, progress


def test_a_point_is_given_once_while_the_journal_grows(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    writer.append([point(1, 0.1)])
    first, progress = carry(tmp_path, Progress())
    writer.append([point(2, 0.2)])
    second, progress = carry(tmp_path, progress)
    writer.close()

    assert (first, second) == ([(1, 0.1)], [(2, 0.2)])
    assert carry(tmp_path, progress)[0] == []


def test_samples_of_the_machine_come_between_without_a_repetition_of_either(tmp_path: Path) -> None:
    ours, system = JournalWriter(tmp_path), JournalWriter(tmp_path, "system-0")
    ours.append([point(1, 0.1)])
    system.append([point(1, 0.9, "system/cpu")])
    first, progress = carry(tmp_path, Progress())
    ours.append([point(1, 0.1), point(2, 0.2)])
    system.append([point(2, 0.8, "system/cpu")])
    second, progress = carry(tmp_path, progress)
    ours.close()
    system.close()

    assert (first, second) == ([(1, 0.1), (1, 0.9)], [(2, 0.2), (2, 0.8)])
    assert [(item.file, item.start) for item in progress.taken] == [("rank-0.jsonl", 0), ("system-0.jsonl", 0)]
    assert count_unsent(tmp_path, progress) == 0
    assert set(journal_size(tmp_path)) == {"rank-0.jsonl", "system-0.jsonl"}


def test_a_resume_replaces_no_sample_of_the_machine(tmp_path: Path) -> None:
    write(tmp_path, [point(step, 0.1) for step in (1, 2, 3)])
    system = JournalWriter(tmp_path, "system-0")
    system.append([point(step, 0.5, "system/cpu") for step in (1, 2, 3)])
    system.close()
    _, progress = carry(tmp_path, Progress())
    write(tmp_path, [point(step, 0.2) for step in (2, 3, 4)], from_step=1)
    again = JournalWriter(tmp_path, "system-0", from_step=3)
    again.append([point(4, 0.6, "system/cpu")])
    again.close()

    assert carry(tmp_path, progress)[0] == [(4, 0.2), (4, 0.6)]
    assert len(carry(tmp_path, Progress())[0]) == 8


def test_a_line_that_is_still_being_written_waits(tmp_path: Path) -> None:
    (tmp_path / "rank-0.jsonl").write_text('{"kind": "metric", "na')

    assert carry(tmp_path, Progress())[0] == []
    assert count_unsent(tmp_path, Progress()) == 0


def test_repeated_steps_of_a_resume_are_not_given_again(tmp_path: Path) -> None:
    write(tmp_path, [point(step, 0.1) for step in (10, 20, 30)])
    _, progress = carry(tmp_path, Progress())
    write(tmp_path, [point(step, 0.2) for step in (20, 25, 30, 40)], from_step=15)

    assert carry(tmp_path, progress)[0] == [(25, 0.2), (40, 0.2)]


def test_what_was_not_given_before_a_resume_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, [point(step, 0.1) for step in (10, 20, 30)])
    write(tmp_path, [point(step, 0.2) for step in (20, 30)], from_step=15)

    assert carry(tmp_path, Progress())[0] == [(10, 0.1), (20, 0.2), (30, 0.2)]


def test_a_batch_read_again_after_a_resume_is_the_same(tmp_path: Path) -> None:
    write(tmp_path, [point(step, 0.1) for step in (10, 20, 30)])
    batch = JournalTail(tmp_path).next_batch(Progress())
    write(tmp_path, [point(20, 0.2)], from_step=15)

    assert batch is not None
    assert JournalTail(tmp_path).read_again(Progress(), batch.extent) == batch


def test_a_value_logged_twice_for_a_step_is_given_once(tmp_path: Path) -> None:
    write(tmp_path, [point(1, 0.1), point(1, 0.2), point(1, 0.3, "other")])

    assert carry(tmp_path, Progress())[0] == [(1, 0.1), (1, 0.3)]


def test_a_line_longer_than_a_batch_is_given_whole(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    write(tmp_path, [point(1, 0.1), {"kind": "parameter", "name": "long", "value": text}, point(2, 0.2)])
    tail = JournalTail(tmp_path)
    first = tail.next_batch(Progress())
    assert first is not None
    second = tail.next_batch(first.progress)

    assert second is not None
    assert second.records[0]["value"] == text


def test_events_and_what_is_no_record_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, [{"kind": "event", "name": "stop"}, {"kind": "metric", "name": "a"}, {"note": 1}, point(1, 0.1)])

    assert count_unsent(tmp_path, Progress()) == 1


def test_a_full_journal_is_counted_without_what_is_taken(tmp_path: Path) -> None:
    write(tmp_path, [point(step, 0.1) for step in range(10_000)])
    batch = JournalTail(tmp_path).next_batch(Progress())

    assert batch is not None
    assert count_unsent(tmp_path, batch.progress) == 10_000 - len(batch.records)
    assert journal_size(tmp_path) == {"rank-0.jsonl": (tmp_path / "rank-0.jsonl").stat().st_size}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_each_step_comes_once_whatever_the_resumes(data: st.DataObject, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("journal")
    sent: list[tuple[int, float]] = []
    progress, last = Progress(), 0
    for segment in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, last))
        last = start + data.draw(st.integers(0, 6))
        write(folder, [point(step, float(segment)) for step in range(start + 1, last + 1)], start if segment else None)
        if data.draw(st.booleans()):
            new, progress = carry(folder, progress)
            sent += new
    new, progress = carry(folder, progress)
    sent += new

    numbers = [step for step, _ in sent]
    assert len(numbers) == len(set(numbers))
    assert {record["step"] for record in read_journal(folder) if record["kind"] == "metric"} <= set(numbers)
    assert count_unsent(folder, progress) == 0
