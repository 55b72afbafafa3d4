"""`prune` and run folders that are not what they should be: links to others, and damaged ones."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.experiment.prune import Pruned, prune
from accelerator.experiment.prune_choice import Choice, Remove
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary


def _run(root: Path, name: str) -> RunFolder:
    folder = RunFolder(root / "outputs" / "digits" / name)
    checkpoint = folder.checkpoints / "step-00000001"
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.pt").write_bytes(b"x" * 1000)
    write_summary(folder, Summary("completed"))
    return folder


def _prune(root: Path, remove: Remove) -> Pruned:
    return prune(Choice(remove, where="name==digits"), is_carried_out=True, project=Project(root))


@pytest.mark.parametrize("remove", ["old_checkpoints", "checkpoints", "runs"])
def test_a_run_folder_is_not_reached_through_a_link_to_it(remove: Remove, tmp_path: Path) -> None:
    elsewhere = _run(tmp_path / "other", "a")
    link = tmp_path / "outputs" / "digits" / "linked"
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere.path)

    pruned = _prune(tmp_path, remove)

    assert pruned.plan.kept == (("linked", "it is a link to another folder"),)
    assert link.is_symlink() and (elsewhere.checkpoints / "step-00000001" / "state.pt").exists()


def test_a_damaged_run_keeps_its_checkpoints_and_the_others_are_pruned(tmp_path: Path) -> None:
    first, damaged, last = (_run(tmp_path, name) for name in "abc")
    damaged.summary.write_text('{"status": "comp', encoding="utf-8")

    pruned = _prune(tmp_path, "checkpoints")

    reason = "its summary.json is damaged: the checkpoints may be all that is left of it"
    assert pruned.plan.kept == (("b", reason),)
    assert [list(folder.checkpoints.glob("step-*")) == [] for folder in (first, damaged, last)] == [True, False, True]
