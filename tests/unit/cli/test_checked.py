"""What is printed of configs that were checked."""

import json

import pytest

from accelerator.cli.checked import print_checked
from accelerator.errors import Problem
from accelerator.experiment.check import Checked

SOUND = Checked("experiment/a", ())
TRIED = Checked("experiment/b", (), "Dry run: one step.")
BROKEN = Checked(
    "experiment/c",
    (
        Problem("seed", "must be at least 0", "Write seed=0", "command line", "-1"),
        Problem("train.epochs", "must be above 0", "", "configs/c.yaml:3", "0"),
    ),
)


def test_what_is_sound_goes_to_stdout_and_what_is_wrong_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    code = print_checked([SOUND, TRIED, BROKEN], ["seed=-1"], json=False)

    out, err = capsys.readouterr()
    assert code == 2
    assert out.splitlines() == ["experiment/a: The config is sound.", "experiment/b: Dry run: one step."]
    assert err.splitlines() == [
        "experiment/c: seed = -1 (override seed=-1): must be at least 0. Write seed=0.",
        "experiment/c: train.epochs = 0 (configs/c.yaml:3): must be above 0.",
    ]


def test_all_sound_exits_0_and_the_commands_own_config_has_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_checked([Checked("", ())], [], json=False) == 0
    assert capsys.readouterr().out == "The config is sound.\n"


def test_json_is_a_list_of_problems_that_name_their_override(capsys: pytest.CaptureFixture[str]) -> None:
    code = print_checked([SOUND, BROKEN], ["seed=-1"], json=True)

    found = json.loads(capsys.readouterr().out)
    assert code == 2
    assert [(item["config"], item["key"], item["override"]) for item in found] == [
        ("experiment/c", "seed", "seed=-1"),
        ("experiment/c", "train.epochs", ""),
    ]
