"""A checkpoint is complete or absent, and believes nothing that its manifest does not vouch for."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from accelerator.errors import CheckpointError, StorageError
from accelerator.runs.checkpoints import discard_leftovers, list_checkpoints
from accelerator.runtime.checkpoint.files import Snapshot, read_checkpoint, read_manifest, read_model, write_checkpoint
from accelerator.runtime.checkpoint.keeper import Keeper, resolve_alias
from accelerator.runtime.checkpoint.tree import check_tree, first_non_finite, tensors_to_host, to_host


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for checkpoints."""
    path = tmp_path / "checkpoints"
    path.mkdir()
    return path


def snapshot(step: int = 7, value: float | None = None, **model: Tensor) -> Snapshot:
    monitor = None if value is None else {"metric": "validation/loss", "value": value}
    return Snapshot(step, model or {"a": torch.arange(3.0)}, {"counters": {"step": step}}, monitor)


def test_what_was_written_is_read_back(folder: Path) -> None:
    path = write_checkpoint(folder, snapshot(7, a=torch.arange(3.0), b=torch.zeros(0, dtype=torch.bfloat16)))
    found = read_checkpoint(path)

    assert path == folder / "step-00000007" and found.step == 7
    assert torch.equal(found.model["a"], torch.arange(3.0)) and found.model["b"].dtype == torch.bfloat16
    assert found.state == {"counters": {"step": 7}}
    assert sorted(item.name for item in folder.iterdir()) == ["step-00000007"]


def test_the_manifest_holds_sizes_and_hashes_and_has_one_of_its_own(folder: Path) -> None:
    path = write_checkpoint(folder, snapshot(7))
    text = (path / "manifest.json").read_text()
    manifest = json.loads(text)
    file = path / "model.safetensors"

    assert (manifest["format_version"], manifest["step"], manifest["aliases"]) == (1, 7, {})
    assert manifest["files"]["model.safetensors"] == {
        "size": file.stat().st_size,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    assert (path / "manifest.sha256").read_text().strip() == hashlib.sha256(text.encode()).hexdigest()


def test_tied_tensors_are_written_once_and_read_under_each_name(folder: Path) -> None:
    weight = torch.randn(4, 2)
    copied = tensors_to_host({"embedding": weight, "head": weight, "other": weight.clone()})
    path = write_checkpoint(folder, snapshot(1, **copied))

    assert read_manifest(path)["aliases"] == {"head": "embedding"}
    found = read_model(path)
    assert all(torch.equal(found[name], weight) for name in ("embedding", "head", "other"))


def test_a_checkpoint_of_the_same_step_is_replaced(folder: Path) -> None:
    write_checkpoint(folder, snapshot(7, a=torch.zeros(2)))
    path = write_checkpoint(folder, snapshot(7, a=torch.ones(2)))

    assert torch.equal(read_model(path)["a"], torch.ones(2))
    assert [item.name for item in folder.iterdir()] == ["step-00000007"]


def test_checkpoints_are_listed_by_step_and_leftovers_are_none(folder: Path) -> None:
    for name in ("step-00000900", "step-100000000", "step-00000005.partial", "step-00000005.replaced", "other"):
        (folder / name).mkdir()
    (folder / "last").write_text("step-00000900\n")

    assert [path.name for path in list_checkpoints(folder)] == ["step-00000900", "step-100000000"]
    assert list_checkpoints(folder / "absent") == []
    discard_leftovers(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["last", "other", "step-00000900", "step-100000000"]


def test_a_later_format_names_what_to_install(folder: Path) -> None:
    path = write_checkpoint(folder, snapshot())
    _rewrite(path, format_version=2)

    with pytest.raises(
        CheckpointError, match="written in format 2, and this version reads up to 1. Install the acceler"
    ):
        read_checkpoint(path)


def test_a_manifest_that_vouches_for_nothing_is_refused(folder: Path) -> None:
    path = write_checkpoint(folder, snapshot())
    _rewrite(path, files={})

    with pytest.raises(CheckpointError, match="manifest.json is no manifest of a checkpoint."):
        read_checkpoint(path)


def _rewrite(path: Path, **values: Any) -> None:
    text = json.dumps({**json.loads((path / "manifest.json").read_text()), **values})
    (path / "manifest.json").write_text(text)
    (path / "manifest.sha256").write_text(hashlib.sha256(text.encode()).hexdigest())


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 1 MiB; skipped where mounting is refused."""
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if made.returncode:
        pytest.skip("mounting is refused here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("where", ["model", "state"])
def test_a_full_disk_leaves_the_checkpoint_before_and_nothing_half_written(where: str, small_disk: Path) -> None:
    write_checkpoint(small_disk, snapshot(1))
    large = torch.zeros(600_000)
    model = {"a": large} if where == "model" else {"a": torch.zeros(1)}
    full = Snapshot(2, model, {"counters": {"step": 2}, "more": large}, None)

    with pytest.raises(StorageError, match="step-00000002: could not be written: No space left on device. The disk is"):
        write_checkpoint(small_disk, full)
    assert [path.name for path in small_disk.iterdir()] == ["step-00000001"]
    assert read_checkpoint(small_disk / "step-00000001").step == 1


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_newest_and_the_best_are_kept(mode: str, folder: Path) -> None:
    keeper = Keeper(folder, keep_last=2, keep_best=1, mode=mode)
    best = []
    for step, value in enumerate([3.0, 1.0, 2.0, None, 1.0, 9.0], start=1):
        write_checkpoint(folder, snapshot(step, value))
        keeper.tidy()
        best.append((folder / "best").read_text().strip()[-1])

    kept = [int(path.name[-1]) for path in list_checkpoints(folder)]
    assert kept == ([2, 5, 6] if mode == "min" else [5, 6])
    assert best == (list("122222") if mode == "min" else list("111116"))
    assert (folder / "last").read_text() == "step-00000006\n"


def test_without_any_value_the_newest_is_the_best(folder: Path) -> None:
    keeper = Keeper(folder, keep_last=1, keep_best=1, mode="min")
    for step in (1, 2):
        write_checkpoint(folder, snapshot(step))
        keeper.tidy()

    assert resolve_alias(folder, "best").name == "step-00000002"
    assert len(list_checkpoints(folder)) == 1


def test_an_alias_that_names_nothing_says_what_there_is(folder: Path) -> None:
    write_checkpoint(folder, snapshot(3))

    assert resolve_alias(folder, "step-00000003").name == "step-00000003"
    with pytest.raises(CheckpointError, match="there is no checkpoint 'best'. There: step-00000003."):
        resolve_alias(folder, "best")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            {"a": [1, {2}]},
            r"callback.x: state_dict\(\)\['a\[1\]'\] is a set. A checkpoint holds tensors, numbers, strin",
        ),
        ({"a": {"b": object()}}, r"state_dict\(\)\['a.b'\] is a object."),
    ],
)
def test_a_state_that_would_not_load_is_refused(state: Any, message: str) -> None:
    with pytest.raises(Exception, match=message):
        check_tree(state, "callback.x")


def test_a_host_copy_is_plain_and_apart(folder: Path) -> None:
    import collections

    import numpy as np

    tensor = torch.ones(2)
    given = {
        "t": tensor,
        "f": np.float64(1.5),
        "c": collections.Counter("aab"),
        "p": (1, "a", None, True),
        "s": np.str_("x"),
    }
    copy = to_host(given)
    tensor.zero_()
    torch.save(copy, folder / "state.pt")

    loaded = torch.load(folder / "state.pt", weights_only=True)
    assert torch.equal(loaded.pop("t"), torch.ones(2))
    assert loaded == {"f": 1.5, "c": {"a": 2, "b": 1}, "p": [1, "a", None, True], "s": "x"}
    assert type(copy["f"]) is float and type(copy["p"][3]) is bool


def test_the_first_tensor_that_is_not_finite_is_named() -> None:
    huge = torch.full((4,), torch.finfo(torch.float64).max, dtype=torch.float64)

    assert first_non_finite({"a": torch.ones(2), "count": torch.tensor([1]), "huge": huge}) == ""
    assert first_non_finite({"a": torch.ones(2), "b": torch.tensor([1.0, float("nan")])}) == "b"
    assert first_non_finite({"b": torch.tensor([float("inf")])}) == "b"


def test_leftovers_that_cannot_be_removed_are_a_storage_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "step-00000001.partial").mkdir()

    def refuse(*args: Any, **options: Any) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(StorageError, match="step-00000001.partial: could not be removed: Read-only file system."):
        discard_leftovers(folder)
