"""What a new component changes in the index files and in the schema for editors."""

from pathlib import Path

from accelerator.scaffold.add import add
from accelerator.scaffold.write_index import write_index
from accelerator.scaffold.write_schema import write_schema
from tests.unit.scaffold.conftest import start

MAIN = "defaults: [base, _self_, {experiment: null}]\n"


def test_index_files_get_their_line_where_the_project_has_them(tmp_path: Path) -> None:
    project = start(tmp_path)
    project.configs.mkdir()
    write_index(project)
    (tmp_path / "configs/index/model.yaml").write_text("changed: by hand", encoding="utf-8")

    changed = [add(kind, "mine", project=project).changed for kind in ("loss", "model")]
    added = add("pipeline_step", "count", project=project)

    assert changed == [("pyproject.toml", "configs/index/loss.yaml"), ("pyproject.toml",)]
    assert "configs/index/pipeline_step.yaml" in added.changed
    assert write_index(project, check=True) == ["configs/index/model.yaml: changed by hand"]
    assert "- mine # Cross entropy" in (tmp_path / "configs/index/loss.yaml").read_text(encoding="utf-8")


def test_the_schema_is_brought_up_to_date_and_named_in_a_project_that_has_it(tmp_path: Path) -> None:
    project = start(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/main.yaml").write_text(
        f"# yaml-language-server: $schema=schema.json\n{MAIN}", encoding="utf-8"
    )
    write_schema(project)

    changed = [add(kind, "mine", project=project).changed for kind in ("loss", "experiment")]
    add("pipeline", "mine", project=project)

    assert changed == [("pyproject.toml", "configs/schema.json"), ("configs/schema.json",)]
    assert write_schema(project, check=True) == []
    heads = [
        (tmp_path / "configs" / kind / "mine.yaml").read_text().splitlines()[:2] for kind in ("loss", "experiment")
    ]
    assert heads[0][0] == "# yaml-language-server: $schema=../schema.json#/definitions/loss"
    assert heads[1] == ["# @package _global_", "# yaml-language-server: $schema=../schema.json"]
    assert "yaml-language-server" not in (tmp_path / "configs/pipeline/mine.yaml").read_text(encoding="utf-8")
