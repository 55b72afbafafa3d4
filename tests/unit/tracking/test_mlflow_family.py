"""The parts of a run in a real SQLite store, read back with MLflow's own client."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from accelerator.config.project import Project
from accelerator.runs import tail
from accelerator.runs.family import run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.parts import CameIn, Gave, Origin, Part
from accelerator.runs.progress import Tracking, read_tracking, write_tracking
from accelerator.runs.summary import Summary, write_summary
from accelerator.tracking.forward import open_sink
from accelerator.tracking.forwarder import Forwarder, Pace
from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import FamilySink, SinkError, TrackedRun
from tests.tracked_project import make_project, point, write_journal

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


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
def wholes(with_store: Path) -> Wholes:
    return Wholes(with_store)


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


def test_the_status_of_a_run_that_a_part_made_is_written_by_its_own_forwarder_alone(
    wholes: Wholes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = wholes.open("20261123-101500-000001")
    trained = whole.step_run("pretrain", "20261123-101501-00000a")
    run_id = wholes.track(trained, "digits")
    written: list[str] = []
    monkeypatch.setattr(MlflowClient, "update_run", lambda _self, found, **_values: written.append(found))

    whole.send(Part("pretrain", "ran", run_folder=str(trained.path), has_run=True))

    assert wholes.run(run_id).data.tags["accelerator.step"] == "pretrain"
    assert run_id not in written


@pytest.mark.parametrize(("state", "status"), [("failed", "FAILED"), ("interrupted", "KILLED"), ("ran", "FINISHED")])
def test_a_part_ends_as_it_ended(wholes: Wholes, state: str, status: str) -> None:
    whole = wholes.open("20261123-101500-000001")

    whole.send(Part("write", state))

    assert whole.children()["write"].info.status == status


def test_the_run_that_a_part_made_is_that_part_and_what_came_in_is_read_from_both_ends(wholes: Wholes) -> None:
    whole = wholes.open("20261123-101500-000001")
    trained = whole.step_run("pretrain", "20261123-101501-00000a")
    at_work = str(trained.path.parents[2])
    whole.send(Part("pretrain", "running", folder=at_work, has_run=True))
    run_id = wholes.track(trained, "digits")
    came_in = CameIn("weights", "/w", "ab", "checkpoint.best", whole.origin("pretrain", trained))

    whole.send(
        Part("pretrain", "ran", at_work, run_folder=str(trained.path), has_run=True),
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


WRITES = ("create_run", "update_run", "set_terminated", "set_tag", "log_batch", "log_artifact")
"""What the client is called with that changes the store."""
TRACKED = "name: two\ntracking: {_target_: mlflow, tracking_uri: null, experiment: null}\n"


class Killed(BaseException):
    """The forwarder's process is gone: nothing of it goes on, and nothing is told."""


def pipeline_to_carry(wholes: Wholes) -> Whole:
    """Write the run of a pipeline that is done: a training, what it was given to, and a step that was skipped."""
    before, whole = wholes.open("20261122-101500-000001"), wholes.open("20261123-101500-000002")
    before.send(Part("clean", "ran", time=1.0))
    trained = whole.step_run("train", "20261123-101501-00000a")
    wholes.track(trained, "two")
    came_in = CameIn("run", "/r", "ab", "run", whole.origin("train", trained))
    parts = (
        Part("clean", "skipped", taken_from=before.origin("clean"), time=2.0),
        Part("train", "running", folder=str(whole.folder / "steps" / "train"), has_run=True, time=2.0),
        Part("train", "ran", run_folder=str(trained.path), has_run=True, time=3.0),
        Part("write", "running", came_in=(came_in,), time=3.0),
        Part("write", "ran", came_in=(came_in,), metrics={"loss": 0.5}, gave={"x": Gave("value", "1", "1")}, time=4.0),
    )
    (whole.run.path / "a.txt").write_text("a")
    artifact = {"kind": "artifact", "name": "a.txt", "path": "a.txt", "time": 5.0}
    ends = [{"kind": "tag", "name": "note", "value": "table"}, artifact, point(0, 3.0, "steps/ran")]
    write_journal(whole.run, [*(part.to_record() for part in parts), *ends])
    whole.run.config.write_text(TRACKED)
    write_summary(whole.run, Summary("completed"))
    return whole


def carry_to_the_end(whole: Whole, project: Path) -> int:
    """Run forwarders, one after the other is killed, until all has arrived; return how many were killed."""
    opening = partial(open_sink, whole.run, Project(project), is_judged=True)
    for kills in count():
        try:
            Forwarder(whole.run, opening).run(Pace(0.01, 0.0))
            return kills
        except Killed:
            continue
    raise AssertionError


def stored(wholes: Wholes) -> dict[str, Any]:
    """Return all runs of a store by name, without what differs from store to store."""
    experiments = [item.experiment_id for item in wholes.client.search_experiments()]
    runs = wholes.client.search_runs(experiments)
    named = {run.info.run_id: run.info.run_name for run in runs} | {str(wholes.root): "PROJECT"}
    found = {}
    for run in runs:
        text = json.dumps([run.info.status, dict(sorted(run.data.tags.items())), run.data.metrics, run.data.params])
        for name, what in named.items():
            text = text.replace(name, what)
        files = [item.path for item in wholes.client.list_artifacts(run.info.run_id)]
        found[run.info.run_name] = (text, files)
    assert len(found) == len(runs)
    return found


def test_a_forwarder_of_a_pipeline_killed_behind_every_change_of_the_store_leaves_what_an_undisturbed_one_leaves(
    wholes: Wholes, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "BATCH_BYTES", 1)  # a record is a batch of its own
    root = make_project(tmp_path / "undisturbed")
    shutil.copy(template, root / "mlflow.db")
    undisturbed = Wholes(root)
    carry_to_the_end(pipeline_to_carry(undisturbed), undisturbed.root)
    whole = pipeline_to_carry(wholes)
    done: set[str] = set()

    def dying_once(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(client: MlflowClient, *arguments: Any, **named: Any) -> Any:
            result = write(client, *arguments, **named)
            what = f"{write.__name__} {arguments} {named}"
            if what not in done:
                done.add(what)
                raise Killed
            return result

        return call

    for name in WRITES:
        monkeypatch.setattr(MlflowClient, name, dying_once(getattr(MlflowClient, name)))
    kills = carry_to_the_end(whole, wholes.root)

    assert kills == len(done) > 20
    assert stored(wholes) == stored(undisturbed)
    tracking = read_tracking(whole.run)
    assert tracking is not None and (tracking.sent, tracking.pending, tracking.finished) == (8, None, "completed")
