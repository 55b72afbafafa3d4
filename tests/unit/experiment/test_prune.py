"""`prune` shows what would go, and removes it only when asked, never what is in use or not a run's own."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment import Experiment
from accelerator.config.project import Project
from accelerator.experiment import prune as pruning
from accelerator.experiment.list_runs import list_runs
from accelerator.experiment.prune import prune
from accelerator.experiment.prune_choice import Choice
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.lock import FORWARDER, RunLock
from accelerator.runs.progress import Tracking, write_tracking
from accelerator.runs.summary import Summary, read_summary, write_summary

Make = Callable[..., RunFolder]
DAY_S = 86400
EVERYTHING = "step>=0"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a run: `make("a", loss=0.5, days=40)`, with checkpoints of 3 steps, of which 2 is the best."""

    def make_run(name: str, *, loss: float = 0.5, days: float = 0, **summary: Any) -> RunFolder:
        folder = RunFolder(tmp_path / "outputs" / "digits" / name)
        for step in (1, 2, 3):
            checkpoint = folder.checkpoints / f"step-{step:08d}"
            checkpoint.mkdir(parents=True)
            (checkpoint / "state.pt").write_bytes(b"x" * 1000)
        (folder.checkpoints / "last").write_text("step-00000003\n", encoding="utf-8")
        (folder.checkpoints / "best").write_text("step-00000002\n", encoding="utf-8")
        best = {"metric": "validation/loss", "value": loss, "step": 2, "checkpoint": "step-00000002"}
        values = {"status": "completed", "metrics": {"validation/loss": loss}, "checkpoint": "step-00000003"}
        write_summary(folder, Summary(**{**values, "best": best, **summary}))
        written = time.time() - days * DAY_S
        os.utime(folder.summary, (written, written))
        return folder

    return make_run


def _checkpoints(folder: RunFolder) -> list[str]:
    return sorted(path.name for path in folder.checkpoints.iterdir())


def _prune(root: Path, remove: Any = "old_checkpoints", **choice: Any) -> pruning.Pruned:
    return prune(Choice(remove, **choice), is_carried_out=True, project=Project(root))


def _cli(root: Path, *arguments: str) -> int:
    return run_command({"experiment": Experiment}, ["--project", str(root), "experiment", "prune", *arguments])


def test_it_only_shows_what_would_go(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make("a")

    assert _cli(tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "run  goes           frees",
        "a    step-00000001  1000 B",
        "Nothing was removed. With --yes it frees 1000 B.",
    ]
    assert "step-00000001" in _checkpoints(folder)


def test_with_yes_all_checkpoints_but_last_and_best_go(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make("a")

    assert _cli(tmp_path, "--yes") == 0
    assert _checkpoints(folder) == ["best", "last", "step-00000002", "step-00000003"]
    assert capsys.readouterr().out.endswith("Removed. 1000 B freed.\n")
    assert _cli(tmp_path, "--yes") == 0
    assert capsys.readouterr().out == "There is nothing to remove.\n"


def test_as_json_it_tells_the_same(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make("a")
    make("b", status="running")

    with RunLock.acquire(RunFolder(folder.path.parent / "b").lock, role="training"):
        assert _cli(tmp_path, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert _cli(tmp_path, "--json", "--yes", "--where", "run==a") == 0
    done = json.loads(capsys.readouterr().out)

    gone = {"run": "a", "folder": str(folder.path), "is_whole": False, "checkpoints": ["step-00000001"]}
    assert shown["removals"] == [{**gone, "size_bytes": 1000}] and done["removals"] == shown["removals"]
    assert shown["kept"] == [{"run": "b", "reason": "it is running"}]
    assert (shown["is_done"], done["is_done"], done["size_bytes"], done["refused"]) == (False, True, 1000, [])
    assert "step-00000001" not in _checkpoints(folder)


def test_without_its_checkpoints_a_run_names_none(make: Make, tmp_path: Path) -> None:
    folder = make("a")

    _prune(tmp_path, "checkpoints", where=EVERYTHING)

    summary = read_summary(folder)
    assert _checkpoints(folder) == []
    assert (summary.checkpoint, summary.best and summary.best["checkpoint"]) == (None, None)
    assert summary.best and summary.best["value"] == 0.5


def test_runs_are_chosen_by_age_and_the_best_and_the_newest_are_kept(make: Make, tmp_path: Path) -> None:
    for name, loss, days in (("1-old", 0.4, 40), ("2-best", 0.1, 40), ("3-young", 0.9, 2), ("4-newest", 0.8, 40)):
        make(name, loss=loss, days=days)

    found = _prune(tmp_path, "runs", older_than="30d", keep_best=1, by="validation/loss", keep_last=1)

    assert [row.run_id for row in list_runs(Project(tmp_path))] == ["2-best", "3-young", "4-newest"]
    assert dict(found.plan.kept) == {
        "2-best": "among the best 1 by validation/loss",
        "4-newest": "among the newest 1",
    }


@pytest.mark.parametrize(("by", "kept"), [("max:validation/loss", "b"), ("min:validation/loss", "a")])
def test_which_end_is_the_best_can_be_said(by: str, kept: str, make: Make, tmp_path: Path) -> None:
    make("a", loss=0.1)
    make("b", loss=0.9)

    _prune(tmp_path, "runs", keep_best=1, by=by)

    assert [row.run_id for row in list_runs(Project(tmp_path))] == [kept]


@pytest.mark.parametrize("role", ["training", FORWARDER])
@pytest.mark.parametrize("remove", ["old_checkpoints", "checkpoints", "runs"])
def test_what_is_held_is_not_touched(role: str, remove: str, make: Make, tmp_path: Path) -> None:
    folder = make("a", status="running")
    path = folder.lock if role == "training" else folder.forwarder_lock

    with RunLock.acquire(path, role=role):
        found = _prune(tmp_path, remove, where=EVERYTHING)

    assert len(_checkpoints(folder)) == 5 and found.plan.removals == ()
    assert found.plan.kept[0][1] in ("it is running", "its journal is being carried to the tracker")


def test_a_run_that_begins_between_plan_and_deed_is_not_touched(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("a")
    planned = pruning.make_plan

    def plan_and_start(*arguments: Any) -> Any:
        found = planned(*arguments)
        RunLock.acquire(folder.lock)
        return found

    monkeypatch.setattr(pruning, "make_plan", plan_and_start)

    assert _prune(tmp_path, "runs", where=EVERYTHING).refused == (("a", "it is running"),)
    assert len(_checkpoints(folder)) == 5


@pytest.mark.parametrize("what", ["sweep", "pipeline"])
def test_a_run_of_a_sweep_or_pipeline_that_is_running_is_not_touched(what: str, make: Make, tmp_path: Path) -> None:
    above = tmp_path / "outputs" / "digits" / "sweeps" / "20261125-101500-ab"
    folder = make("sweeps/20261125-101500-ab/jobs/0/run/digits/a")

    with RunLock.acquire(above / f"{what}.lock"):
        found = _prune(tmp_path)

    assert found.plan.kept == (("a", f"the {what} that it belongs to is running"),)
    assert len(_checkpoints(folder)) == 5


def test_a_parent_goes_only_with_its_children(make: Make, tmp_path: Path) -> None:
    make("a")
    make("b", parent="a", status="failed")

    kept = _prune(tmp_path, "runs", where="status==completed").plan.kept
    both = _prune(tmp_path, "runs", where=EVERYTHING).plan.removals

    assert kept == (("a", "b came from it"),)
    assert [item.run_id for item in both] == ["a", "b"] and list_runs(Project(tmp_path)) == []


def test_a_run_whose_weights_another_starts_from_is_kept(make: Make, tmp_path: Path) -> None:
    first, second = make("a"), make("b")
    writer = JournalWriter(second.journal)
    writer.append([{"kind": "parameter", "name": "weights", "value": f"{first.checkpoints}/step-00000001"}])
    writer.close()

    assert _prune(tmp_path, "checkpoints", where="run==a").plan.kept == (("a", "b came from it"),)
    assert _prune(tmp_path, where="run==a").plan.kept == (("a", "step-00000001 is used by a pipeline or another run"),)
    assert len(_checkpoints(first)) == 5


@pytest.mark.parametrize("record", ["pipelines/.cache/steps/ab.json", "pipelines/two/20261125-101500-ab/pipeline.json"])
def test_what_a_pipeline_has_written_down_is_kept(record: str, make: Make, tmp_path: Path) -> None:
    folder = make("a")
    path = tmp_path / "outputs" / record
    path.parent.mkdir(parents=True)
    value = {"outputs": {"checkpoint": {"type": "checkpoint", "value": str(folder.checkpoints / "step-00000001")}}}
    path.write_text(json.dumps(value), encoding="utf-8")

    assert _prune(tmp_path, "runs", where=EVERYTHING).plan.kept == (("a", "a pipeline uses it"),)
    assert _prune(tmp_path).plan.removals == ()
    assert len(_checkpoints(folder)) == 5


@pytest.mark.parametrize("place", ["notes.txt", "journal/mine.jsonl", "checkpoints/mine.pt", "analysis/deep/a.json"])
def test_a_run_that_holds_what_is_not_its_own_is_kept(place: str, make: Make, tmp_path: Path) -> None:
    folder = make("a")
    (folder.path / place).parent.mkdir(parents=True, exist_ok=True)
    (folder.path / place).write_text("mine", encoding="utf-8")

    found = _prune(tmp_path, "runs", where=EVERYTHING)

    assert found.plan.kept == (("a", f"1 of its files are not its own, such as {place}"),)
    assert (folder.path / place).read_text(encoding="utf-8") == "mine"


def test_what_a_run_logged_goes_with_it(make: Make, tmp_path: Path) -> None:
    folder = make("a")
    (folder.path / "artifacts").mkdir()
    (folder.path / "artifacts" / "picture.png").write_bytes(b"x")
    for name in ("tensorboard/events.out.tfevents.1", "model/signature.json", "analysis/data.html", "report.html"):
        (folder.path / name).parent.mkdir(exist_ok=True)
        (folder.path / name).touch()
    writer = JournalWriter(folder.journal)
    writer.append([{"kind": "artifact", "name": "picture", "path": "artifacts/picture.png"}])
    writer.close()

    _prune(tmp_path, "runs", where=EVERYTHING)

    assert not folder.path.exists() and list(folder.path.parent.iterdir()) == []


def test_a_checkpoint_that_holds_what_is_not_its_own_or_is_a_link_is_kept(make: Make, tmp_path: Path) -> None:
    folder = make("a")
    elsewhere = tmp_path / "elsewhere"
    (folder.checkpoints / "step-00000002").rename(elsewhere)
    (folder.checkpoints / "step-00000002").symlink_to(elsewhere)
    (folder.checkpoints / "step-00000001" / "mine.txt").write_text("mine", encoding="utf-8")

    _prune(tmp_path, "checkpoints", where=EVERYTHING)

    assert _checkpoints(folder) == ["best", "last", "step-00000001", "step-00000002"]
    assert (elsewhere / "state.pt").exists()


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_run_that_is_not_wholly_in_the_tracker_is_kept(is_damaged: bool, make: Make, tmp_path: Path) -> None:
    folder = make("a")
    write_tracking(folder, Tracking())
    folder.tracking.write_text("{}" if is_damaged else folder.tracking.read_text(encoding="utf-8"), encoding="utf-8")

    assert "accelerator experiment sync a" in _prune(tmp_path, "runs", where=EVERYTHING).plan.kept[0][1]


@pytest.mark.parametrize("remove", ["checkpoints", "runs"])
def test_killed_in_the_middle_it_leaves_nothing_half_and_the_next_one_finishes(
    remove: str, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("a")

    def be_killed(path: Path, **_: Any) -> None:
        (path / "state.pt").unlink(missing_ok=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("shutil.rmtree", be_killed)
        _prune(tmp_path, remove, where=EVERYTHING)
    there = [row.run_id for row in list_runs(Project(tmp_path))]
    left = len(list(tmp_path.rglob("state.pt")))
    _prune(tmp_path, remove, where=EVERYTHING)

    assert there == (["a"] if remove == "checkpoints" else [])
    assert left == (2 if remove == "checkpoints" else 3)
    assert not folder.path.exists() or _checkpoints(folder) == []
    assert list(tmp_path.rglob("state.pt")) == [] and list(tmp_path.rglob(".removing-*")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--remove", "runs"], "--remove runs: which runs?"),
        (["--remove", "checkpoints"], "--remove checkpoints: which runs?"),
        (["--older_than", "30"], "--older_than 30: is no age"),
        (["--keep_best", "2"], "--keep_best N and --by KEY belong together"),
        (["--by", "validation/loss"], "--keep_best N and --by KEY belong together"),
        (["--keep_best", "x", "--by", "validation/loss"], "--keep_best x: is no number of runs"),
        (["--keep_best", "1", "--by", "step"], "--by min:step or --by max:step"),
        (["--keep_best", "1", "--by", "validation/los_loss"], "Did you mean 'validation/loss'"),
        (["--where", "stat==x"], "no run has the key 'stat'"),
    ],
)
def test_what_cannot_be_understood_exits_2_and_removes_nothing(
    arguments: list[str], message: str, make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make("a")

    assert _cli(tmp_path, *arguments, "--yes") == 2
    assert message in capsys.readouterr().err
    assert len(_checkpoints(folder)) == 5
