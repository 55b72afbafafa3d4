"""`show` and `list` in real processes."""

import json
from pathlib import Path

import pytest

from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary
from tests.e2e.command import accelerator, modules_imported_by

RUNTIME = {"torch", "numpy", "mlflow"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, loss in (("20261123-101501-aaaaaa", 0.5), ("20261123-101502-bbbbbb", float("inf"))):
        path = tmp_path / "outputs" / "digits" / name
        path.mkdir(parents=True)
        write_summary(RunFolder(path), Summary("completed", 2, 40, {"test/loss": loss}, seconds=1.25))
    return tmp_path


def test_show_prints_the_config_with_its_sources(tmp_path: Path) -> None:
    ended = accelerator("experiment", "show", "experiment=digits_resnet", "optimizer.lr=1e-2", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert "\n  lr: 0.01 " in ended.out
    assert "# optimizer.lr=1e-2\n" in ended.out
    assert not ended.out.endswith("\n\n")


def test_show_imports_nothing_of_training(tmp_path: Path) -> None:
    imported = modules_imported_by("experiment", "show", "experiment=digits_resnet", cwd=tmp_path)

    assert imported & RUNTIME == set()


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        (["experiment=digits_resent"], ["digits_resent", "digits_resnet"]),
        (["optimzer=adamw"], ["optimzer", "optimizer"]),
        (["optimizer.lrr=0.1"], ["optimizer.lrr", "lr"]),
        (["optimizer=adamv"], ["adamv", "adamw"]),
        (["a b=1"], ["a b=1"]),
    ],
)
def test_a_wrong_override_exits_2_and_names_the_nearest(overrides: list[str], parts: list[str], tmp_path: Path) -> None:
    ended = accelerator("experiment", "show", *overrides, cwd=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert [part for part in parts if part not in ended.err] == []
    assert "Traceback" not in ended.err


def test_list_prints_a_table_of_the_runs(project: Path) -> None:
    ended = accelerator("experiment", "list", cwd=project)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "name    run                     status     epoch  step  metrics        started            "
        "  seconds  size   checkpoints",
        "digits  20261123-101501-aaaaaa  completed      2    40  test/loss 0.5  2026-11-23 10:15:01  "
        "    1.2  237 B  0 B",
        "digits  20261123-101502-bbbbbb  completed      2    40  test/loss inf  2026-11-23 10:15:02  "
        "    1.2  239 B  0 B",
    ]


def test_list_prints_json_for_machines(project: Path) -> None:
    ended = accelerator("experiment", "list", "--json", cwd=project)

    rows = json.loads(ended.out)
    assert [row["run_id"] for row in rows] == ["20261123-101501-aaaaaa", "20261123-101502-bbbbbb"]
    assert rows[1] == {
        "name": "digits",
        "run_id": "20261123-101502-bbbbbb",
        "run_folder": str(project / "outputs" / "digits" / "20261123-101502-bbbbbb"),
        "status": "completed",
        "epoch": 2,
        "step": 40,
        "metrics": {"test/loss": "inf"},
        "started": "2026-11-23 10:15:02",
        "seconds": 1.25,
        "error": None,
        "samples_per_second": None,
        "best": None,
        "parent": None,
        "size_bytes": 239,
        "checkpoint_bytes": 0,
        "tracked_as": None,
    }


def test_list_of_another_project_is_asked_for_by_its_root(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    ended = accelerator("--project", str(project), "experiment", "list", "--json", cwd=elsewhere)

    assert len(json.loads(ended.out)) == 2


def test_list_without_runs_prints_nothing_and_says_how_to_start(tmp_path: Path) -> None:
    table = accelerator("experiment", "list", cwd=tmp_path)
    rows = accelerator("experiment", "list", "--json", cwd=tmp_path)

    assert (table.code, table.out) == (0, "")
    assert "accelerator experiment train experiment=digits_resnet" in table.err
    assert json.loads(rows.out) == []


def test_list_imports_nothing_of_training(project: Path) -> None:
    assert modules_imported_by("experiment", "list", cwd=project) & RUNTIME == set()
