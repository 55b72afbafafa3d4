"""Killed, resumed, forked: in real processes."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from accelerator.runs.run import Run
from tests.e2e.command import accelerator, await_path, start

TRAIN = ("experiment", "train", "experiment=digits_resnet", "tracking=none", "train.epochs=4")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that was never killed."""
    ended = accelerator(*TRAIN, cwd=tmp_path_factory.mktemp("unbroken"))
    assert ended.code == 0, ended.err
    return Path(ended.last_line)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that was killed after its first checkpoint."""
    root = tmp_path_factory.mktemp("killed")
    command = start(*TRAIN, cwd=root)
    saved = await_path(root, "outputs/digits/*/checkpoints/last")
    command.send_signal(signal.SIGKILL)
    command.communicate()
    return saved.parents[1]


def _root_of(folder: Path) -> Path:
    return folder.parents[2]


@pytest.fixture
def own_copy(killed: Path, tmp_path: Path) -> Path:
    """Return a copy of the killed run, the test's own."""
    shutil.copytree(_root_of(killed), tmp_path / "project")
    return tmp_path / "project" / killed.relative_to(_root_of(killed))


@pytest.mark.parametrize("command", [("experiment", "resume", "last"), (*TRAIN, "--resume", "auto")])
def test_a_killed_run_ends_with_the_same_bits(command: tuple[str, ...], own_copy: Path, unbroken: Path) -> None:
    assert Run(own_copy).status == "died"

    ended = accelerator(*command, cwd=_root_of(own_copy))

    assert (ended.code, ended.err, ended.last_line) == (0, "", str(own_copy))
    assert f"Going on in {own_copy} from step " in ended.out
    assert ", exact\n" in ended.out
    model = Path("checkpoints", str(Run(unbroken).summary.checkpoint), "model.safetensors")
    assert (own_copy / model).read_bytes() == (unbroken / model).read_bytes()
    assert Run(own_copy).summary.metrics == Run(unbroken).summary.metrics


def test_a_completed_run_has_nothing_to_do(unbroken: Path) -> None:
    ended = accelerator("experiment", "resume", "last", cwd=_root_of(unbroken))

    assert (ended.code, ended.err, ended.last_line) == (0, "", str(unbroken))
    assert "There is nothing to do: the run is complete" in ended.out


def test_a_fork_leaves_its_parent_as_it_is(unbroken: Path) -> None:
    before = (unbroken / "summary.json").read_bytes()

    ended = accelerator("experiment", "resume", "last", "train.epochs=5", "--fork", cwd=_root_of(unbroken))

    fork = Path(ended.last_line)
    assert (ended.code, ended.err) == (0, "")
    assert fork != unbroken
    assert (unbroken / "summary.json").read_bytes() == before
    summary = json.loads((fork / "summary.json").read_text())
    assert (summary["status"], summary["epoch"], summary["parent"]) == ("completed", 5, unbroken.name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-run"], "RUN = 'no-such-run': no run in "),
        (["last", "train.epoch=9"], "Did you mean 'train.epochs'?"),
        (["last", "experiment=digits_resnet"], "a run that exists keeps its experiment"),
        ([], "accelerator experiment resume needs a RUN"),
    ],
)
def test_wrong_input_exits_2(arguments: list[str], message: str, killed: Path) -> None:
    ended = accelerator("experiment", "resume", *arguments, cwd=_root_of(killed))

    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "Traceback" not in ended.err
