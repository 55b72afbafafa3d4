"""`accelerator configure schema` writes what editors read."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from accelerator.config.project import Project
from accelerator.scaffold.write_schema import write_schema


def test_a_project_gets_a_schema_that_knows_its_components_and_ours(project: Path) -> None:
    declared = '[project.entry-points."accelerator.model"]\nown = "own_models:Own"\n'
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(declared)
    (project / "own_models.py").write_text("class Own:\n    def __init__(self, width: int): ...\n", encoding="utf-8")

    lines = write_schema(Project(project))

    schema = json.loads((project / "configs" / "schema.json").read_text(encoding="utf-8"))
    validator = Draft7Validator(schema)
    assert lines == ["configs/schema.json written"]
    assert validator.is_valid({"model": {"_target_": "own", "width": 1}, "optimizer": {"_target_": "adamw"}})
    assert not validator.is_valid({"model": {"_target_": "own", "widht": 1}})
    assert not validator.is_valid({"model": {"_target_": "owm"}})
    assert write_schema(Project(project)) == []


def test_the_command_writes_the_reference_where_it_is_asked_to(
    inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["configure", "schema", "--reference", "docs/keys.md"]
    codes = [run_command(GROUPS, [*arguments, *flags]) for flags in (["--check"], [], ["--check"])]

    assert codes == [1, 0, 0]
    assert capsys.readouterr().out.splitlines() == [
        "configs/schema.json: missing",
        "docs/keys.md: missing",
        "configs/schema.json written",
        "docs/keys.md written",
        "The schema is up to date.",
    ]
    page = (inside_project / "docs" / "keys.md").read_text(encoding="utf-8")
    assert "Written by `accelerator configure schema --reference docs/keys.md`, sha256:" in page


def test_a_schema_of_the_user_s_own_is_not_overwritten(
    inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = inside_project / "configs" / "schema.json"
    path.write_text("{}\n", encoding="utf-8")

    assert run_command(GROUPS, ["configure", "schema"]) == 2
    assert "configs/schema.json was changed by hand" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "{}\n"
