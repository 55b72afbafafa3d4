"""A pipeline as a run of its own: what its journal holds, who carries it, and when that is waited for."""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from accelerator.config.project import Project
from accelerator.experiment.sync import sync
from accelerator.pipeline.pipeline_status import pipeline_status
from accelerator.pipeline.state import PipelineState, StepState, write_state
from accelerator.pipeline.tracked import carry_what_was_left
from accelerator.runs.delivery import stop_forwarder
from accelerator.runs.family import run_of_folder
from accelerator.runs.files import read_json
from accelerator.runs.journal import PART, read_journal
from accelerator.runs.listing import list_runs
from accelerator.runs.progress import read_tracking
from accelerator.runs.summary import read_summary
from tests.tracked_project import LEDGER_SINK, ledger, wait_until
from tests.unit.pipeline.conftest import MAIN, Steps

# What a step does that trains: it makes a run, whose forwarder it does not wait for.
TRAIN = """
from accelerator.experiment.ending import conclude
from accelerator.runs.delivery import start_forwarder
from accelerator.runs.folder import create_run_folder
from accelerator.runs.lock import RunLock
from accelerator.runs.summary import Summary, write_summary

run = create_run_folder(step_context.folder, "made")
run.config.write_text("name: made\\nsystem_every: null\\ntracking: {_target_: ledger}\\n")
with RunLock.acquire(run.lock):
    start_forwarder(run, step_context.project.root)
    write_summary(run, Summary("completed"))
assert conclude(run, step_context.project, None, None).delivery is None
"""


@pytest.fixture
def tracked(steps: Steps) -> Steps:
    """Return the pipeline `sums` with a sink of the project's own, which knows nothing of parts."""
    steps.write("configs/main.yaml", MAIN.replace("none", "ledger"))
    steps.write("configs/tracking/ledger.yaml", "_target_: ledger\n")
    pyproject = (steps.root / "pyproject.toml").read_text()
    steps.write(
        "pyproject.toml", f'{pyproject}[project.entry-points."accelerator.tracking"]\nledger = "ledger_sink:Ledger"\n'
    )
    steps.write("ledger_sink.py", LEDGER_SINK)
    return steps


def parts(folder: Path) -> list[tuple[str, str]]:
    """Return what the pipeline's journal tells of its steps."""
    told = read_journal(run_of_folder(folder).journal)
    return [(record["name"], record["state"]) for record in told if record["kind"] == PART]


def of_kind(records: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return {record["name"]: record.get("value") for record in records if record.get("kind") == kind}


def test_a_sink_that_knows_no_parts_gets_the_whole_alone(tracked: Steps) -> None:
    ended = tracked.run()
    synced = sync(str(ended.state.folder), project=Project(tracked.root))
    records = ledger(tracked.root)

    assert (ended.exit_code, synced.has_arrived) == (0, True)
    assert synced.folder == run_of_folder(ended.state.folder)
    assert of_kind(records, "tag")["accelerator.pipeline"] == "sums"
    assert "| sum | ran |" in of_kind(records, "tag")["note"]
    assert of_kind(records, "metric")["steps/ran"] == 4.0
    assert {record["kind"] for record in records if "kind" in record} == {"tag", "metric", "artifact"}
    assert records[-1] == {"closed": "completed"}
    assert parts(ended.state.folder)[:2] == [("first", "running"), ("first", "ran")]
    assert (synced.folder.path / "report.html").read_text().count("href") == 0


def test_the_command_waits_at_its_end_for_what_its_steps_left_and_not_when_all_was_done(tracked: Steps) -> None:
    tracked.write("fault_other", TRAIN)
    ended = tracked.run()
    at_the_end = ledger(tracked.root)
    again = tracked.run()

    (trained,) = list_runs(ended.state.folder)
    assert ended.delivery is not None and ended.delivery.is_complete
    assert {line["opened"] for line in at_the_end if "opened" in line} == {trained.name, ended.state.folder.name}
    assert [line for line in at_the_end if "closed" in line] == [{"closed": "completed"}] * 2
    assert (again.state.status, again.delivery) == ("completed", None)


def test_the_end_of_the_whole_is_that_of_the_pipeline_and_the_same_command_goes_on_in_it(tracked: Steps) -> None:
    tracked.write("fault_second", "raise ValueError('upside down')")
    failed = tracked.run()
    run = run_of_folder(failed.state.folder)
    before = read_summary(run)

    (tracked.root / "fault_second").unlink()
    ended = tracked.run()

    assert (before.status, before.error) == ("failed", "second: ValueError: upside down")
    assert (ended.state.folder, read_summary(run).status) == (failed.state.folder, "completed")
    assert parts(ended.state.folder)[-4:] == [
        ("second", "running"),
        ("second", "ran"),
        ("sum", "running"),
        ("sum", "ran"),
    ]


def test_what_an_unreachable_tracker_did_not_take_the_next_command_carries(tracked: Steps) -> None:
    tracked.write("fault", "unreachable")
    began = time.monotonic()
    ended = tracked.run(only="other")
    took = time.monotonic() - began
    run = run_of_folder(ended.state.folder)
    stop_forwarder(run)
    (tracked.root / "fault").unlink()

    carry_what_was_left(tracked.root / "outputs", "sums", Project(tracked.root))
    wait_until(lambda: (found := read_tracking(run)) is not None and found.finished is not None)

    assert (ended.exit_code, took < 30) == (0, True)
    assert ledger(tracked.root)[-1] == {"closed": "completed"}


def test_a_run_that_cannot_be_written_is_said_and_the_pipeline_runs(tracked: Steps) -> None:
    tracked.write("fault_second", "raise ValueError('upside down')")
    failed = tracked.run()
    run = run_of_folder(failed.state.folder)
    stop_forwarder(run)
    shutil.rmtree(run.path.parent)
    run.path.parent.write_text("in its place")
    (tracked.root / "fault_second").unlink()

    ended = tracked.run()

    assert ended.exit_code == 0
    assert any(text.startswith("The pipeline is not tracked: ") for text in tracked.said)


def test_without_a_tracker_there_is_no_run_of_the_whole(steps: Steps) -> None:
    ended = steps.run("tracking=none", only="other")

    assert not run_of_folder(ended.state.folder).path.exists()


def test_a_pipeline_that_was_killed_gets_its_page_when_it_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    folder = tmp_path / "outputs" / "pipelines" / "sums" / "20261123-101500-000001"
    folder.mkdir(parents=True)
    write_state(PipelineState("sums", steps=(StepState("first", state="running"),), folder=folder))

    (state,) = pipeline_status(project=Project(tmp_path)).pipelines
    page = folder / "report.html"
    written = page.stat().st_mtime_ns
    pipeline_status(project=Project(tmp_path))

    assert (state.status, "interrupted" in page.read_text()) == ("died", True)
    assert page.stat().st_mtime_ns == written


def test_a_run_that_cannot_be_written_any_more_is_said_once_and_the_pipeline_runs_to_its_end(tracked: Steps) -> None:
    tracked.write(
        "fault_first", "pipeline = step_context.folder.parents[2]; (pipeline / '.run').rename(pipeline / '.gone')"
    )

    ended = tracked.run()

    assert (ended.exit_code, ended.state.status) == (0, "completed")
    assert len([text for text in tracked.said if text.startswith("The pipeline is not tracked any more: ")]) == 1


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "MLFLOW_EXPERIMENT_NAME=sums"),
        ({"MLFLOW_EXPERIMENT_NAME": "mine"}, "MLFLOW_EXPERIMENT_NAME=mine"),
        ({"MLFLOW_RUN_ID": "f" * 32, "MLFLOW_EXPERIMENT_ID": "7"}, "MLFLOW_EXPERIMENT_ID=7"),
    ],
)
def test_steps_are_told_the_experiment_and_the_whole_the_run_that_mlflow_run_made(
    tracked: Steps, variables: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told_to_step = "Path('told').write_text(' '.join(f'{k}={v}' for k, v in os.environ.items() if k[:6] == 'MLFLOW'))"
    tracked.write("fault_first", told_to_step)

    ended = tracked.run(only="first")

    assert (tracked.root / "told").read_text() == told
    assert read_json(run_of_folder(ended.state.folder).environment)["mlflow"] == variables


def test_what_a_stranger_left_goes_to_no_store_that_only_its_files_name(tracked: Steps) -> None:
    run = run_of_folder(tracked.root / "outputs" / "pipelines" / "sums" / "20261123-101500-000001")
    run.path.mkdir(parents=True)
    run.config.write_text("name: sums\ntracking: {_target_: mlflow, tracking_uri: 'http://127.0.0.1:9'}\n")
    write_state(PipelineState("sums", "completed", folder=run.path.parents[1]))

    carry_what_was_left(tracked.root / "outputs", "sums", Project(tracked.root))
    wait_until(lambda: (found := read_tracking(run)) is not None and found.error is not None)
    found = read_tracking(run)

    assert found is not None and found.error is not None
    assert "http://127.0.0.1:9 is a store that only the files of the run name" in found.error
