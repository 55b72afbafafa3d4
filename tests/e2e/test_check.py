"""`configure check` as a command."""

import json
import re
from pathlib import Path

import pytest

from tests.e2e.command import accelerator, modules_imported_by

BROKEN = (
    "experiment=digits_resnet",
    "optimizer.lrr=0.1",
    "train.epochs=-1",
    "checkpoint.monitor=validation/acuracy",
    "loss.cross_entropy.inputs=[predicton,target]",
)


def test_all_problems_are_told_at_once_with_their_place_and_their_mend(tmp_path: Path) -> None:
    ended = accelerator("configure", "check", *BROKEN[:1], *BROKEN[2:], cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 3
    assert "train.epochs = -1 (override train.epochs=-1): must be at least 1. Write for example train" in ended.err
    assert "validation/acuracy" in ended.err and "Did you mean 'validation/accuracy'?" in ended.err
    assert "predicton" in ended.err and "Did you mean 'prediction'?" in ended.err
    assert "Traceback" not in ended.err


def test_what_the_messages_propose_makes_the_config_sound(tmp_path: Path) -> None:
    mended = (
        "experiment=digits_resnet",
        "optimizer.lr=0.1",
        "train.epochs=1",
        "checkpoint.monitor=validation/accuracy",
        "loss.cross_entropy.inputs=[prediction,target]",
    )

    ended = accelerator("configure", "check", *mended, cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")


def test_problems_for_machines_are_objects(tmp_path: Path) -> None:
    ended = accelerator("configure", "check", "experiment=digits_resnet", "seed=-1", "--json", cwd=tmp_path)

    (problem,) = json.loads(ended.out)
    assert ended.code == 2
    assert (problem["key"], problem["override"]) == ("seed", "seed=-1")
    assert problem["remedy"]


def test_a_sound_config_is_checked_without_importing_a_component(tmp_path: Path) -> None:
    loaded = modules_imported_by("configure", "check", "experiment=digits_resnet", cwd=tmp_path)

    assert loaded & {"torch", "numpy", "mlflow", "torchvision", "sklearn"} == set()


@pytest.mark.parametrize("command", [("configure", "check"), ("experiment", "train")])
def test_a_run_is_checked_in_the_same_way(command: tuple[str, str], tmp_path: Path) -> None:
    ended = accelerator(*command, *BROKEN[:2], cwd=tmp_path)

    assert ended.code == 2
    assert re.match(r"optimizer.lrr \([a-z]+ [^)]*\): there is no such key. Did you mean 'optimizer.lr'\?", ended.err)
    assert not (tmp_path / "outputs").exists()
