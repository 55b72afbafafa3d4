"""`configure list` and `configure describe` as commands."""

import json
from pathlib import Path

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from tests.e2e.command import accelerator, modules_imported_by

HEAVY = {"torch", "numpy", "mlflow", "hydra", "torchvision"}


def test_the_list_is_a_table_for_people_and_json_for_machines(tmp_path: Path) -> None:
    table = accelerator("configure", "list", "model", cwd=tmp_path)
    listed = json.loads(accelerator("configure", "list", "--json", cwd=tmp_path).out)

    assert (table.code, table.err) == (0, "")
    assert table.out.splitlines()[0].split() == ["kind", "name", "description", "package", "config"]
    assert "model=resnet8" in table.out
    assert {"kind", "name", "description", "package", "config", "target"} == set(listed[0])
    assert {"model", "experiment", "tracking"} <= {item["kind"] for item in listed}


@pytest.mark.parametrize("arguments", [["list"], ["describe", "resnet8"], ["describe", "torch.optim.AdamW"]])
def test_nothing_heavy_is_imported_to_answer(arguments: list[str], tmp_path: Path) -> None:
    assert modules_imported_by("configure", *arguments, cwd=tmp_path) & HEAVY == set()


def test_a_component_is_described_with_its_parameters_and_its_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(GROUPS, ["configure", "describe", "early_stopping"]) == 0

    page = capsys.readouterr().out
    assert page.startswith("callback early_stopping, of accelerator-framework\n")
    assert "\nParameters:\n  monitor " in page
    assert "\nConfig, chosen by callback=early_stopping (" in page
    assert "    _target_: early_stopping" in page


def test_what_is_required_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(GROUPS, ["configure", "describe", "torch.nn.Linear"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "  in_features   int   required" in lines
    assert "  bias          bool  = True" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "modle"], "accelerator configure list: there is no kind 'modle'. Did you mean 'model'?"),
        (
            ["describe", "resnet9"],
            "accelerator configure describe: nothing is called 'resnet9'. Did you mean 'resnet8'?",
        ),
        (["describe"], "accelerator configure describe needs a NAME."),
    ],
)
def test_what_is_unknown_exits_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(GROUPS, ["configure", *arguments]) == 2
    assert capsys.readouterr().err.startswith(message)
