"""The other files of a run folder, edited by its maker: they are data, and lead nowhere else."""

import hashlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from accelerator.cli.terminal import print_error, print_table
from accelerator.config.project import Project
from accelerator.errors import AcceleratorError, CheckpointError, InputError, StorageError
from accelerator.experiment.list_runs import list_runs
from accelerator.experiment.load_model import load_model
from accelerator.experiment.named_run import named_run
from accelerator.experiment.sync import sync
from accelerator.experiment.train import train
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import RunLock, is_held, read_holder
from accelerator.runs.processes import identify
from accelerator.runs.progress import read_tracking
from accelerator.runs.run import Run
from accelerator.runtime.checkpoint.files import read_checkpoint
from accelerator.runtime.checkpoint.fork import copy_start

ESCAPE = "\x1b]0;pwned\x07\x1b[2J"


class _Touch:
    """A pickle that leaves a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def _seal(checkpoint: Path, **changes: Any) -> None:
    """Write a manifest that vouches for the files as they now are, with parts of it changed."""
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    for name in ("model.safetensors", "state.pt"):
        content = (checkpoint / name).read_bytes()
        manifest["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps({**manifest, **changes})
    (checkpoint / "manifest.json").write_text(text)
    (checkpoint / "manifest.sha256").write_text(hashlib.sha256(text.encode()).hexdigest())


@pytest.fixture
def checkpoint(stranger: RunFolder) -> Path:
    return stranger.checkpoints / "step-00000001"


@pytest.mark.parametrize("form", ["torch.save", "a plain pickle", "a member of the state"])
def test_a_state_that_is_a_program_is_not_run(form: str, checkpoint: Path, canary: Path) -> None:
    state = {"counters": {"step": 1, "epoch": 1}, "evil": _Touch(canary)}
    if form == "a plain pickle":
        (checkpoint / "state.pt").write_bytes(pickle.dumps(_Touch(canary), protocol=2))
    else:
        torch.save(state if form == "a member of the state" else _Touch(canary), checkpoint / "state.pt")
    _seal(checkpoint)

    with pytest.raises(CheckpointError, match="state.pt is not the state of a run"):
        read_checkpoint(checkpoint)
    assert not canary.exists()


def test_a_model_that_is_a_pickle_is_not_run(checkpoint: Path, home: Project, canary: Path) -> None:
    (checkpoint / "model.safetensors").write_bytes(pickle.dumps(_Touch(canary), protocol=2))
    _seal(checkpoint)

    with pytest.raises(CheckpointError, match="model.safetensors does not hold the tensors of a model"):
        load_model(checkpoint, project=home.root)
    assert not canary.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"../../config.yaml": {"size": 1, "sha256": ""}, "model.safetensors": {}, "state.pt": {}}},
        {"files": {"/etc/passwd": {"size": 1, "sha256": ""}}},
        *({"files": value} for value in ([], "x", None, {"model.safetensors": 1, "state.pt": 2})),
        *({"aliases": value} for value in ([], {"a": 1})),
        *({"format_version": "1"}, {"step": "\x1b[2J"}, {"facts": []}),
    ],
    ids=str,
)
def test_a_manifest_that_is_none_is_refused(changes: dict[str, Any], checkpoint: Path, home: Project) -> None:
    _seal(checkpoint, **changes)

    with pytest.raises(CheckpointError, match="manifest.json is no manifest of a checkpoint"):
        load_model(checkpoint, project=home.root)


def test_aliases_of_tensors_that_are_not_there_are_told(checkpoint: Path, home: Project) -> None:
    _seal(checkpoint, aliases={"a": "b"})

    with pytest.raises(CheckpointError, match="does not hold the tensors of a model: 'b'"):
        load_model(checkpoint, project=home.root)


@pytest.mark.parametrize("text", ["../../../../elsewhere", "/etc", ".", "", "step-00000001/../step-00000001"])
def test_an_alias_names_a_checkpoint_and_no_other_place(text: str, stranger: RunFolder, home: Project) -> None:
    (stranger.checkpoints / "last").write_text(text)

    with pytest.raises(CheckpointError, match="there is no checkpoint 'last'. There: step-00000001."):
        load_model(stranger.path, project=home.root)


@pytest.mark.parametrize(
    "part", ["run.lock", "log.txt", "forwarder.log", "journal", "checkpoints", "checkpoints/last", "summary.json"]
)
def test_a_run_whose_parts_are_links_is_not_opened(part: str, stranger: RunFolder, home: Project) -> None:
    """Writing to it would write where the link leads: a lock is emptied, a log grows, old checkpoints are removed."""
    precious = home.root / "precious"
    precious.mkdir()
    place = stranger.path / part
    if place.exists():
        place.rename(place.with_name(f"{place.name}.was"))
    place.symlink_to(precious)

    with pytest.raises(InputError, match=f"{place} is a link to {precious}, and the parts of a run folder are none"):
        named_run(str(stranger.path), home)


@pytest.mark.parametrize("part", ["artifacts/samples", "tensorboard/events.out.tfevents.1", "checkpoints/x/y/z"])
def test_a_link_deeper_in_a_run_leads_nowhere_else(part: str, stranger: RunFolder, home: Project) -> None:
    place = stranger.path / part
    place.parent.mkdir(parents=True)
    place.symlink_to(home.root)

    with pytest.raises(InputError, match=f"{place} is a link to {home.root}"):
        named_run(str(stranger.path), home)


def test_a_link_of_a_plugins_tool_that_stays_in_the_run_is_taken(stranger: RunFolder, home: Project) -> None:
    (stranger.path / "tool" / "run-1").mkdir(parents=True)
    (stranger.path / "tool" / "latest").symlink_to("run-1")

    assert named_run(str(stranger.path), home).folder == stranger


def test_a_pipe_that_nobody_writes_is_not_waited_for(stranger: RunFolder, home: Project) -> None:
    stranger.summary.unlink()
    os.mkfifo(stranger.summary)

    assert [row.status for row in list_runs(home)] == ["unreadable"]
    with pytest.raises(InputError, match="summary.json is neither a file nor a folder .*Remove it if the run is your"):
        named_run(str(stranger.path), home)


def test_a_lock_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "bashrc").write_text("precious")
    (tmp_path / "run.lock").symlink_to(tmp_path / "bashrc")

    with pytest.raises(StorageError, match="It is a link, and the files of a run are none.*Remove the link"):
        RunLock.acquire(tmp_path / "run.lock", patience_s=0)
    assert (tmp_path / "bashrc").read_text() == "precious"


def test_a_fork_takes_no_more_than_the_manifest_names(stranger: RunFolder, checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    (checkpoint / "notes").symlink_to(tmp_path / "secret")
    fork = RunFolder(tmp_path / "fork")
    fork.path.mkdir()

    copy_start(stranger, fork)

    names = {path.name for path in (fork.checkpoints / checkpoint.name).iterdir()}
    assert names == {"model.safetensors", "state.pt", "manifest.json", "manifest.sha256"}


@pytest.mark.parametrize(
    "holder",
    [{"pid": -1, "process": None}, {"pid": 0}, {"pid": 1}, {"pid": "1/../self"}, {"pid": True}, {"process": 3}],
)
def test_a_lock_cannot_point_at_processes_to_stop(holder: dict[str, Any], tmp_path: Path) -> None:
    """`sync` stops a forwarder that fails: -1 would be every process of the user's."""
    sound = {"pid": os.getpid(), "host": os.uname().nodename, "process": identify(os.getpid()), "role": "training"}
    (tmp_path / "run.lock").write_text(json.dumps({**sound, "start": "now"}))
    assert is_held(tmp_path / "run.lock")

    (tmp_path / "run.lock").write_text(json.dumps({**sound, "start": "now", **holder}))

    assert read_holder(tmp_path / "run.lock") is None and not is_held(tmp_path / "run.lock")


@pytest.mark.parametrize("file", ["../../../secret.jsonl", "/etc/passwd", "rank-0.jsonl/../x", 3])
def test_tracking_reads_no_file_but_the_journals(file: Any, stranger: RunFolder, home: Project) -> None:
    extent = {"file": file, "start": 0, "end": 10, "limit": None}
    empty = {"sink": "", "target": {}, "sent": 0, "refused": 0, "finished": None, "error": None, "failed_at": None}
    progress = {"taken": [], "last_steps": {}}
    stranger.tracking.write_text(json.dumps({**empty, "failures": 0, "progress": progress, "pending": extent}))

    with pytest.raises(StorageError, match="does not say how far the journal has been carried"):
        read_tracking(stranger)
    with pytest.raises(StorageError, match="does not say how far"):
        sync(str(stranger.path), project=home)


@pytest.mark.parametrize(
    "text",
    [
        *('{"metrics": [1]}', '{"epoch": "\\u001b[2J"}', '{"metrics": {"a": "x"}}', '{"status": {}}', '{"best": 3}'),
        *('{"best": {"metric": "a", "value": "x", "step": 1, "checkpoint": null}}', '{"mlflow": {"run_id": 3}}'),
        *("[" * 100_000, '{"step": ' + "9" * 10_000 + "}", "[]", '{"parent": ["x"]}', '{"seconds": "long"}'),
    ],
    ids=lambda text: text[:20],
)
def test_a_summary_that_is_none_hides_no_other_run(text: str, stranger: RunFolder, home: Project) -> None:
    stranger.summary.write_text(text)

    with pytest.raises(StorageError, match="summary.json.*The file is damaged: restore it"):
        Run(stranger.path).summary.status  # noqa: B018
    assert [row.status for row in list_runs(home)] == ["unreadable"]


def test_folders_that_hold_themselves_are_listed_once(stranger: RunFolder, home: Project) -> None:
    for name in ("a", "b", "c"):
        (home.root / "outputs" / name).symlink_to(home.root / "outputs")

    assert len(list_runs(home)) == 1


def test_what_is_printed_only_shows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "run"), [(f"evil{ESCAPE}", "\u202etxt.exe"), ("na\udcffme", "plain ✓ ü\ttab")])
    print_error(f"RUN = '{ESCAPE}'")

    out, err = capsys.readouterr()
    assert "evil\\x1b]0;pwned\\x07\\x1b[2J" in out and "\\u202etxt.exe" in out and "na\\udcffme" in out
    assert "plain ✓ ü\ttab" in out
    assert err == "RUN = '\\x1b]0;pwned\\x07\\x1b[2J'\n"


def test_a_journal_of_anything_is_read_as_far_as_it_is_one(stranger: RunFolder) -> None:
    lines = ["[" * 100_000, '{"kind": "metric", "name": "a", "value": 1, "step": 1}', "null", "\x00", '{"kind": []}']
    (stranger.journal / "rank-0.jsonl").write_text("\n".join(lines) + "\n")

    assert [point["value"] for point in Run(stranger.path).points("a")] == [1]


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system [touch CANARY]", "{a: 1}"])
def test_overrides_that_are_none_are_passed_over(text: str, stranger: RunFolder, home: Project, canary: Path) -> None:
    """`train --resume auto` compares them with its own."""
    stranger.overrides.write_text(text.replace("CANARY", str(canary)))
    stranger.summary.write_text(json.dumps({"status": "failed"}))

    with pytest.raises(AcceleratorError, match="a run that exists keeps its experiment"):
        train(["experiment=digits_resnet"], project=home, resume="auto")
    assert not canary.exists()
