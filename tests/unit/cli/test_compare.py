"""`compare` on the command line."""

import json
from pathlib import Path

import pytest
import yaml

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment import Experiment
from accelerator.runs.files import write_json
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.summary import Summary, write_summary


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, lr in (("20261123-101501-aaaaaa", 0.1), ("20261123-101502-bbbbbb", 0.01)):
        folder = RunFolder(tmp_path / "outputs" / "digits" / name)
        folder.path.mkdir(parents=True)
        folder.config.write_text(yaml.safe_dump({"seed": 0, "optimizer": {"lr": lr}}), encoding="utf-8")
        write_json(folder.provenance, {"optimizer.lr": [f"optimizer.lr={lr}"], "seed": ["base.yaml:2"]})
        write_summary(folder, Summary("completed", 2, 40, {"test/loss": lr * 2}, seconds=1.26))
    return tmp_path


def _compare(root: Path, *arguments: str) -> int:
    return run_command({"experiment": Experiment}, ["--project", str(root), "experiment", "compare", *arguments])


def test_one_table_holds_what_differs_and_what_came_out(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = _compare(root, "aaaaaa", "last")

    printed = capsys.readouterr()
    assert code == 0
    assert printed.out.splitlines() == [
        "cause      key           20261123-101501-aaaaaa  20261123-101502-bbbbbb",
        "overrides  optimizer.lr  0.1                     0.01",
        "result     status        completed               completed",
        "result     epoch         2                       2",
        "result     step          40                      40",
        "result     seconds       1.3                     1.3",
        "result     test/loss     0.2                     0.02",
        "1 keys of the config are the same.",
    ]
    assert printed.err.count("environment.json is not there") == 2


def test_json_is_for_machines(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _compare(root, "aaaaaa", "bbbbbb", "--json")

    found = json.loads(capsys.readouterr().out)
    assert found["runs"] == ["20261123-101501-aaaaaa", "20261123-101502-bbbbbb"]
    assert found["differences"]["overrides"] == {"optimizer.lr": [0.1, 0.01]}
    assert found["differences"]["result"]["test/loss"] == [0.2, 0.02]
    assert (found["same_keys"], len(found["notes"])) == (1, 2)


@pytest.mark.parametrize("runs", [[], ["last"]])
def test_fewer_than_two_runs_are_a_wrong_command(
    runs: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _compare(root, *runs)

    assert code == 2
    assert f"takes two RUNs or more, and got {len(runs)}" in capsys.readouterr().err


def test_an_unknown_run_exits_2_and_names_the_runs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = _compare(root, "last", "cccccc")

    assert code == 2
    assert "cccccc" in capsys.readouterr().err


def _write_points(root: Path) -> None:
    for folder in (root / "outputs" / "digits").iterdir():
        writer = JournalWriter(folder / "journal")
        points = [{"kind": "metric", "name": "train/loss", "value": 1 / step, "step": step} for step in (1, 2)]
        writer.append(points)
        writer.close()


@pytest.mark.parametrize(
    ("name", "holds"), [("a.svg", "aaaaaa"), ("a.html", "train/loss"), ("a.csv", None), ("a.parquet", None)]
)
def test_a_comparison_becomes_a_file_with_its_curves_where_it_can_hold_them(
    name: str, holds: str | None, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write_points(root)
    file = tmp_path / name

    code = _compare(root, "aaaaaa", "last", "--output", str(file), *(["--curves", "train/loss"] if holds else []))

    assert (code, capsys.readouterr().out) == (0, f"{file}\n")
    assert holds is None or holds in file.read_text(encoding="utf-8")
    assert file.stat().st_size > 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--curves", "train/loss"], "needs a file"),
        (["--curves", "train/los", "--output", "a.png"], "Did you mean 'train/loss'"),
        (["--curves", "train/loss", "--output", "a.csv"], "'.csv' is none"),
        (["--output", "a.png"], "a picture of what"),
        (["--output", "a.txt"], "'.txt' is none"),
    ],
)
def test_a_picture_that_cannot_be_drawn_exits_2(
    arguments: list[str], message: str, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    _write_points(root)

    assert _compare(root, "aaaaaa", "last", *arguments) == 2
    assert message in capsys.readouterr().err
    assert not list(root.glob("a.*"))
