"""What a fork takes along."""

from pathlib import Path

import pytest
import torch

from accelerator.errors import CheckpointError, StorageError
from accelerator.runs.checkpoints import list_checkpoints
from accelerator.runs.folder import RunFolder
from accelerator.runtime.checkpoint.files import Snapshot, verify_checkpoint, write_checkpoint
from accelerator.runtime.checkpoint.fork import copy_start


@pytest.fixture
def parent(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "parent")
    for step in (1, 2, 3):
        write_checkpoint(folder.checkpoints, Snapshot(step, {"weight": torch.ones(2)}, {}, None))
    (folder.checkpoints / "best").write_text("step-00000001\n", encoding="utf-8")
    folder.config.write_text("name: a\n", encoding="utf-8")
    return folder


@pytest.fixture
def fork(tmp_path: Path) -> RunFolder:
    (tmp_path / "fork").mkdir()
    return RunFolder(tmp_path / "fork")


def test_a_fork_takes_config_newest_and_best_checkpoint(parent: RunFolder, fork: RunFolder) -> None:
    damaged = copy_start(parent, fork)

    assert damaged == ()
    assert fork.config.read_text(encoding="utf-8") == "name: a\n"
    assert [path.name for path in list_checkpoints(fork.checkpoints)] == ["step-00000001", "step-00000003"]
    assert [verify_checkpoint(path)["step"] for path in list_checkpoints(fork.checkpoints)] == [1, 3]


def test_damaged_checkpoints_are_passed_over_and_named(parent: RunFolder, fork: RunFolder) -> None:
    for step in (1, 3):
        (parent.checkpoints / f"step-0000000{step}" / "state.pt").write_bytes(b"")

    (damaged,) = copy_start(parent, fork)

    assert "step-00000003/state.pt is damaged" in damaged
    assert [path.name for path in list_checkpoints(fork.checkpoints)] == ["step-00000002"]


def test_nothing_sound_is_an_error(parent: RunFolder, fork: RunFolder) -> None:
    for path in list_checkpoints(parent.checkpoints):
        (path / "manifest.json").unlink()

    with pytest.raises(CheckpointError, match="No checkpoint of .*parent is sound.* Start a new run."):
        copy_start(parent, fork)


def test_a_parent_without_checkpoints_gives_its_config(tmp_path: Path, fork: RunFolder) -> None:
    bare = RunFolder(tmp_path / "bare")
    bare.path.mkdir()
    bare.config.write_text("name: a\n", encoding="utf-8")

    assert copy_start(bare, fork) == ()
    assert [path.name for path in fork.path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("name", ["config.yaml", "checkpoints"])
def test_a_disk_that_refuses_is_an_error_that_names_the_file(name: str, parent: RunFolder, fork: RunFolder) -> None:
    if name == "config.yaml":
        (fork.path / name).mkdir()
    else:
        (fork.path / name).write_text("", encoding="utf-8")

    with pytest.raises(StorageError, match=name):
        copy_start(parent, fork)
