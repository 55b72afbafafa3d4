"""`accelerator configure index` writes the project's files and nobody else's."""

from pathlib import Path

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from accelerator.config.project import Project, shipped_configs
from accelerator.scaffold.write_index import index_files, write_index


def test_a_project_gets_its_own_configs_beside_ours(project: Path) -> None:
    (project / "configs" / "model").mkdir()
    (project / "configs" / "model" / "wide.yaml").write_text("# Wide.\n_target_: mlp\n", encoding="utf-8")
    ours = {path: path.stat().st_mtime_ns for path in shipped_configs().rglob("*")}

    lines = write_index(Project(project))

    text = (project / "configs" / "index" / "model.yaml").read_text(encoding="utf-8")
    assert "configs/index/model.yaml written" in lines
    assert "  - /model@resnet8: resnet8 # " in text
    assert "  - /model@wide: wide # Wide.\n" in text
    assert write_index(Project(project)) == []
    assert {path: path.stat().st_mtime_ns for path in shipped_configs().rglob("*")} == ours


def test_an_index_of_ours_that_nothing_is_left_for_is_removed(project: Path) -> None:
    model = project / "configs" / "collate" / "mine.yaml"
    model.parent.mkdir()
    model.write_text("_target_: x.y\n", encoding="utf-8")
    (project / "configs" / "index").mkdir()
    (project / "configs" / "index" / "own.yaml").write_text("# @package index.own\n", encoding="utf-8")
    write_index(Project(project))
    model.unlink()

    assert write_index(Project(project), check=True) == ["configs/index/collate.yaml: stale"]
    assert write_index(Project(project)) == ["configs/index/collate.yaml removed"]
    assert (project / "configs" / "index" / "own.yaml").exists()
    assert all(item.state == "current" for item in index_files(Project(project)))


def test_the_command_says_what_it_wrote_and_check_is_for_ci(
    inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [run_command(GROUPS, ["configure", "index", *flags]) for flags in (["--check"], [], ["--check"], [])]

    lines = capsys.readouterr().out.splitlines()
    assert codes == [1, 0, 0, 0]
    assert lines.count("configs/index/loss.yaml: missing") == 1
    assert lines.count("configs/index/loss.yaml written") == 1
    assert lines[-2:] == ["The index files are up to date."] * 2


def test_a_file_changed_by_hand_is_not_written_without_a_word(
    inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_command(GROUPS, ["configure", "index"])
    path = inside_project / "configs" / "index" / "loss.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "mine: null\n", encoding="utf-8")
    capsys.readouterr()

    refused = run_command(GROUPS, ["configure", "index"])
    said = capsys.readouterr().err
    forced = run_command(GROUPS, ["configure", "index", "--force"])

    assert (refused, forced) == (2, 0)
    assert said.startswith("accelerator configure index: configs/index/loss.yaml was changed by hand, and would be")
    (backup,) = path.parent.glob("loss.yaml.bak-*")
    assert backup.read_text(encoding="utf-8").endswith("mine: null\n")
