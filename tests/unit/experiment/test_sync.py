"""What is carried, and what is to be said of it, when runs are synced."""

from pathlib import Path

from accelerator.config.project import Project
from accelerator.experiment.sync import sync
from accelerator.runs.family import run_of_folder
from accelerator.runs.run import Run
from tests.tracked_project import LEDGER, end_run, ledger, make_project, make_run, point, write_journal


def test_an_untracked_run_has_nothing_to_send(trained: Project, trained_run: Run) -> None:
    synced = sync("last", project=trained)

    assert synced.folder == trained_run.folder
    assert synced.has_arrived
    assert (synced.delivery.sent, synced.open_command) == (0, None)


def _ended(root: Path, step: int, tracking: str = LEDGER) -> Path:
    folder = make_run(root, tracking)
    write_journal(folder, [point(step)])
    end_run(folder)
    return folder.path


def test_of_a_folder_all_runs_are_carried_and_those_of_its_sweeps(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    _ended(root, 1)
    sweep = root / "outputs" / "digits" / "sweeps" / "first"
    (sweep / "jobs").mkdir(parents=True)
    job = _ended(root, 2)
    job.rename(sweep / "jobs" / job.name)
    own = run_of_folder(sweep)
    own.path.parent.mkdir(parents=True)
    _ended(root, 3).rename(own.path)

    synced = sync(str(root / "outputs"), project=Project(root))

    assert synced.has_arrived
    assert (synced.folder, synced.others) == (own, 2)
    assert sorted(item["step"] for item in ledger(root) if item.get("kind") == "metric") == [1, 2, 3]


def test_a_run_that_cannot_be_sent_does_not_keep_the_others_back(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    oldest = root / "outputs" / "digits" / "20200101-000000-aaaaaa"
    broken = _ended(root, 1, "tracking: {_target_: nowhere}\n").rename(oldest)
    _ended(root, 2)

    synced = sync(str(root / "outputs"), project=Project(root))

    assert (synced.folder.path, synced.has_arrived) == (broken, False)
    assert [item["step"] for item in ledger(root) if item.get("kind") == "metric"] == [2]
