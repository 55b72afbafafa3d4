"""The parts of a run in a real SQLite store, read back with MLflow's own client."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from accelerator.runs.family import run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.parts import CameIn, Gave, Origin, Part
from accelerator.runs.progress import Tracking, write_tracking
from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import FamilySink, SinkError, TrackedRun
from tests.tracked_project import make_project, write_journal

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that MLflow made, to be copied: making one takes seconds."""
    root = make_project(tmp_path_factory.mktemp("template"))
    MLflowSink().open(TrackedRun("first", "template", root, root, 1.0))
    return root / "mlflow.db"


class Wholes:
    """A project's pipelines in its store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = MlflowClient(f"sqlite:///{root}/mlflow.db")

    def open(self, stamp: str) -> "Whole":
        """Open the run of a pipeline, as its forwarder does."""
        return Whole(self, self.root / "outputs" / "pipelines" / "two" / stamp)

    def track(self, folder: RunFolder, name: str) -> str:
        """Bring a run there, as its own forwarder does; return its id."""
        folder.path.mkdir(parents=True, exist_ok=True)
        target = MLflowSink().open(TrackedRun(folder.run_id, name, folder.path, self.root, 5.0))
        write_tracking(folder, Tracking(sink="mlflow", target=dict(target)))
        return target["run_id"]

    def run(self, run_id: str) -> Run:
        """Return a run as the store has it now."""
        return self.client.get_run(run_id)


class Whole:
    """One pipeline and its run."""

    def __init__(self, wholes: Wholes, folder: Path) -> None:
        self.folder = folder
        self.run = run_of_folder(folder)
        self.run.path.mkdir(parents=True, exist_ok=True)
        self.run.config.write_text("name: two\n")
        self._wholes = wholes
        self.sink = MLflowSink()
        target = dict(self.sink.open(TrackedRun(self.run.run_id, "two", self.run.path, wholes.root, 1.0)))
        self.run_id = target["run_id"]
        write_tracking(self.run, Tracking(sink="mlflow", target=target))

    def send(self, *parts: Part) -> int:
        """Write records into the journal and carry them."""
        records = [part.to_record() for part in parts]
        write_journal(self.run, records)
        return self.sink.send_parts(records)

    def origin(self, part: str, run: RunFolder | None = None) -> Origin:
        """Return what names a part of it."""
        return Origin(str(self.run.path), part, None if run is None else str(run.path))

    def step_run(self, step: str, stamp: str) -> RunFolder:
        """Return the folder of a run that a step made."""
        return RunFolder(self.folder / "steps" / step / "run" / "digits" / stamp)

    def children(self) -> dict[str, Run]:
        """Return the runs below it by the names of their steps."""
        experiment = self._wholes.run(self.run_id).info.experiment_id
        found = self._wholes.client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{self.run_id}'")
        return {run.data.tags["accelerator.step"]: run for run in found}


@pytest.fixture
def wholes(tmp_path: Path, template: Path) -> Iterator[Wholes]:
    root = make_project(tmp_path / "a project")
    shutil.copy(template, root / "mlflow.db")
    yield Wholes(root)


def tag(run: Run, name: str) -> Any:
    return json.loads(run.data.tags[name])


def test_a_part_without_a_run_gets_one_with_its_state_figures_and_what_it_gave(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    given = {"file": Gave("file", "/x", "ab")}

    assert isinstance(whole.sink, FamilySink)
    whole.send(Part("write", "running", time=2.0))
    running = whole.children()["write"].info.status
    whole.send(Part("write", "ran", gave=given, metrics={"loss": 0.5}, tags={"uses": "command"}, time=4.0))
    run = whole.children()["write"]

    assert (running, run.info.status, run.info.run_name) == ("RUNNING", "FINISHED", "write")
    assert (run.info.start_time, run.info.end_time) == (2000, 4000)
    assert run.data.metrics == {"loss": 0.5}
    assert tag(run, "accelerator.output.file") == {"type": "file", "value": "/x", "hash": "ab"}
    assert (run.data.tags["accelerator.step.state"], run.data.tags["accelerator.step.uses"]) == ("ran", "command")
    assert wholes.run(whole.run_id).data.tags["accelerator.step.write"] == "ran"


@pytest.mark.parametrize(("state", "status"), [("failed", "FAILED"), ("interrupted", "KILLED"), ("ran", "FINISHED")])
def test_a_part_ends_as_it_ended(wholes: Wholes, state: str, status: str) -> None:
    whole = wholes.open("20261123-101500-000001")

    whole.send(Part("write", state))

    assert whole.children()["write"].info.status == status


def test_the_run_that_a_part_made_is_that_part_and_what_came_in_is_read_from_both_ends(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    trained = whole.step_run("pretrain", "20261123-101501-00000a")
    run_id = wholes.track(trained, "digits")
    came_in = CameIn("weights", "/w", "ab", "checkpoint.best", whole.origin("pretrain", trained))

    whole.send(
        Part("pretrain", "ran", run_folder=str(trained.path), has_run=True),
        Part("score", "ran", came_in=(came_in, CameIn("split", "test", '"test"'))),
    )
    pretrain, score = wholes.run(run_id), whole.children()["score"]

    assert pretrain.data.tags["mlflow.parentRunId"] == whole.run_id
    assert pretrain.info.run_name == "pretrain 20261123-101501-00000a"
    assert tag(score, "accelerator.input.weights") == {
        "run_id": run_id, "step": "pretrain", "output": "checkpoint.best", "value": "/w", "hash": "ab",
    }  # fmt: skip
    assert tag(score, "accelerator.input.split") == {"value": "test", "hash": '"test"'}
    assert tag(pretrain, "accelerator.used_by.20261123-101500-000001/score") == {
        "run_id": score.info.run_id, "step": "score", "inputs": {"weights": "checkpoint.best"},
    }  # fmt: skip


def test_a_skipped_part_names_the_run_that_it_came_from_which_names_it_too(wholes: Wholes) -> None:
    before, now = wholes.open("20261122-101500-000001"), wholes.open("20261123-101500-000002")
    before.send(Part("write", "ran"))
    made = before.children()["write"]

    now.send(Part("write again", "skipped", taken_from=before.origin("write")))
    skipped = now.children()["write again"]

    assert (skipped.info.run_name, skipped.info.status) == ("write again (skipped)", "FINISHED")
    assert tag(skipped, "accelerator.skipped_from") == {
        "run_id": made.info.run_id, "step": "write", "folder": str(before.folder),
    }  # fmt: skip
    assert tag(before.children()["write"], "accelerator.reused_by.20261123-101500-000002/write again") == {
        "run_id": skipped.info.run_id, "step": "write again",
    }  # fmt: skip


def test_told_again_a_part_is_the_same_run(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    parts = (Part("write", "running", time=1.0), Part("write", "ran", time=2.0))

    whole.send(*parts)
    first = whole.children()["write"]
    whole.send(*parts)

    assert whole.children()["write"].to_dictionary() == first.to_dictionary()


def test_what_ran_when_the_whole_was_killed_was_killed_and_may_go_on(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    training = Part("train", "running", folder=str(whole.folder / "steps" / "train"), has_run=True)
    whole.send(Part("write", "running"), training)
    before = whole.children()

    whole.sink.close("died")
    killed = whole.children()
    again = wholes.open("20261123-101500-000001")
    again.send(Part("write", "ran"))

    assert "train" not in before  # its own forwarder is to bring it
    assert {name: run.info.status for name, run in killed.items()} == {"write": "KILLED", "train": "KILLED"}
    assert wholes.run(again.run_id).info.status == "RUNNING"
    assert (again.run_id, again.children()["write"].info.status) == (whole.run_id, "FINISHED")


def test_the_run_of_a_part_that_is_still_on_its_way_is_waited_for(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    trained = whole.step_run("train", "20261123-101501-00000a")
    trained.path.mkdir(parents=True)
    write_tracking(trained, Tracking())
    whole.send(Part("train", "ran", run_folder=str(trained.path), has_run=True))

    with pytest.raises(SinkError, match=f"^{trained.path} is not in MLflow yet. .*experiment sync {trained.path}$"):
        whole.sink.close("completed")
    status = wholes.run(whole.run_id).info.status
    run_id = wholes.track(trained, "two")
    whole.sink.close("completed")

    assert status == "FINISHED"
    assert whole.children()["train"].info.run_id == run_id


def test_a_run_that_was_there_before_its_whole_and_one_that_comes_after_are_both_its_children(wholes: Wholes) -> None:
    folder = wholes.root / "outputs" / "pipelines" / "two" / "20261123-101500-000001"
    early = RunFolder(folder / "steps" / "a" / "20261123-101501-00000a")
    late = RunFolder(folder / "steps" / "b" / "20261123-101501-00000b")
    first = wholes.track(early, "two")
    whole = wholes.open(folder.name)
    second = wholes.track(late, "two")

    before = wholes.run(second).data.tags.get("mlflow.parentRunId")
    whole.send(Part("a", "ran", run_folder=str(early.path)))

    assert before == whole.run_id
    assert wholes.run(first).data.tags.get("mlflow.parentRunId") == whole.run_id


def test_a_journal_of_a_stranger_takes_no_run_from_elsewhere_and_believes_no_id(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    elsewhere = RunFolder(wholes.root / "outputs" / "digits" / "20261123-101501-00000a")
    mine = wholes.track(elsewhere, "digits")
    forged = whole.step_run("forged", "20261123-101501-00000b")
    forged.path.mkdir(parents=True)
    target = {"tracking_uri": f"sqlite:///{wholes.root}/mlflow.db", "experiment": "digits", "run_id": mine}
    write_tracking(forged, Tracking(sink="mlflow", target=target))
    before = wholes.run(mine).data.tags

    whole.send(
        Part("taken", "ran", run_folder=str(elsewhere.path), has_run=True),
        Part("forged", "ran", run_folder=str(forged.path), has_run=True),
    )
    write_tracking(whole.run, Tracking(sink="mlflow", target=target))
    child = wholes.track(RunFolder(whole.folder / "steps" / "c" / "20261123-101501-00000c"), "two")

    assert wholes.run(mine).data.tags == before
    assert {name: run.info.run_name for name, run in whole.children().items()} == {"taken": "taken", "forged": "forged"}
    assert "mlflow.parentRunId" not in wholes.run(child).data.tags


def test_a_record_that_tells_of_no_part_is_refused_and_the_others_are_shown(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    record = Part("write", "ran").to_record()

    refused = whole.sink.send_parts([{"kind": "part", "name": "x"}, record, {**record, "metrics": 3}])

    assert (refused, list(whole.children())) == (2, ["write"])


def test_the_run_of_a_part_that_was_shown_while_it_ran_lies_below_that_part(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    own = whole.step_run("mine", "20261123-101501-00000a")
    part = Part("mine", "running")
    whole.send(part)
    run_id = wholes.track(own, "two")

    whole.send(replace(part, state="ran", run_folder=str(own.path)))

    made = [run for run in whole.children().values() if run.info.run_name == "mine"]
    assert wholes.run(run_id).data.tags["mlflow.parentRunId"] == made[0].info.run_id
    assert made[0].info.status == "FINISHED"


def test_when_the_run_of_the_whole_was_deleted_its_parts_come_below_the_new_one(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    trained = whole.step_run("train", "20261123-101501-00000a")
    wholes.track(trained, "two")
    parts = (Part("train", "ran", run_folder=str(trained.path), has_run=True), Part("write", "ran"))
    whole.send(*parts)
    wholes.client.delete_run(whole.run_id)

    again = wholes.open("20261123-101500-000001")
    again.send(*parts)

    assert again.run_id != whole.run_id
    assert set(again.children()) == {"train", "write"}


def test_a_run_that_is_the_child_of_another_stays_it(wholes: Wholes) -> None:
    whole, other = wholes.open("20261123-101500-000001"), wholes.open("20261123-101500-000002")
    trained = whole.step_run("train", "20261123-101501-00000a")
    run_id = wholes.track(trained, "two")
    wholes.client.set_tag(run_id, "mlflow.parentRunId", other.run_id)

    whole.send(Part("train", "ran", run_folder=str(trained.path), has_run=True))

    assert wholes.run(run_id).data.tags["mlflow.parentRunId"] == other.run_id
