import logging
import threading
from pathlib import Path

import pytest

from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import SYSTEM_STREAM, read_journal
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary, write_summary
from accelerator.tracking.system_load import SystemLoad
from accelerator.tracking.system_sampler import SystemSampler, system_sampler
from tests.tracked_project import make_project, make_run, point, wait_until, write_journal

CPU = "system/cpu_utilization_percentage"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    found = make_run(make_project(tmp_path / "project"), "system_every: 0.01s\n")
    write_summary(found, Summary())
    return found


def sampler_of(folder: RunFolder) -> SystemSampler:
    found = system_sampler(folder)
    assert found is not None
    return found


def sample(folder: RunFolder, at_least: int) -> list[int]:
    sampler = sampler_of(folder)
    sampler.start()
    wait_until(lambda: len(Run(folder.path).points(CPU)) >= at_least)
    sampler.stop()
    return [record["step"] for record in Run(folder.path).points(CPU)]


def test_samples_are_numbered_and_end_with_stop(folder: RunFolder) -> None:
    steps = sample(folder, at_least=3)
    later = [record["step"] for record in Run(folder.path).points(CPU)]

    assert steps == list(range(1, len(steps) + 1))
    assert later == steps
    assert not [thread for thread in threading.enumerate() if thread.name == "system sampler"]


def test_a_later_sampler_goes_on_with_the_numbers_behind_a_torn_line(folder: RunFolder) -> None:
    first = sample(folder, at_least=2)
    with (folder.journal / "system-0.jsonl").open("a") as file:
        file.write('{"kind": "metric", "na')
    second = sample(folder, at_least=len(first) + 2)

    assert second == list(range(1, len(second) + 1))
    assert second[: len(first)] == first


def test_starting_twice_samples_once(folder: RunFolder) -> None:
    sampler = sampler_of(folder)
    sampler.start()
    sampler.start()
    wait_until(lambda: Run(folder.path).points(CPU))
    sampler.stop()
    sampler.stop()

    assert [path.name for path in folder.journal.iterdir()] == ["system-0.jsonl"]


def test_the_runs_own_journal_has_none_of_it(folder: RunFolder) -> None:
    write_journal(folder, [point(1)])
    sample(folder, at_least=1)

    assert list(read_journal(folder.journal)) == [point(1)]
    assert {record["name"] for record in read_journal(folder.journal, SYSTEM_STREAM)} >= {CPU}


@pytest.mark.parametrize(("text", "is_sampled"), [("system_every: null", False), ("name: older", True)])
def test_null_switches_it_off_and_a_run_without_the_key_has_it(folder: RunFolder, text: str, is_sampled: bool) -> None:
    folder.config.write_text(text)

    assert (system_sampler(folder) is not None) == is_sampled


def test_a_config_that_cannot_be_read_is_told(folder: RunFolder, caplog: pytest.LogCaptureFixture) -> None:
    folder.config.write_text("- no mapping")

    assert system_sampler(folder) is None
    assert "the machine's load is not sampled: " in caplog.text


def test_a_journal_that_cannot_be_written_is_told(folder: RunFolder, caplog: pytest.LogCaptureFixture) -> None:
    folder.journal.write_text("a file where the folder should be")
    sampler = sampler_of(folder)
    with caplog.at_level(logging.WARNING):
        sampler.start()
        wait_until(lambda: caplog.text)
        sampler.stop()

    assert "no more samples of the machine's load: " in caplog.text


def test_several_machines_are_told_apart_by_their_names(folder: RunFolder) -> None:
    sampler = SystemSampler(folder, 0.01, lambda: SystemLoad(folder.path), "node7")
    sampler.start()
    wait_until(lambda: Run(folder.path).metric_names())
    sampler.stop()

    assert "system/node7/cpu_utilization_percentage" in Run(folder.path).metric_names()
