"""What is generated from our configs, keys and components is committed as `make generate` writes it."""

from accelerator.config.project import Project
from accelerator.scaffold.write_index import write_index
from accelerator.scaffold.write_schema import write_schema
from tests.house.source import ROOT

REFERENCE = "docs/config_reference.md"
REMEDY = f"""\
run `make generate`, or without a virtual environment of make's
  accelerator configure index
  accelerator configure schema --reference {REFERENCE}
at the root of the repository, and commit what is written"""


def test_our_index_files_are_up_to_date() -> None:
    assert write_index(Project(ROOT), check=True) == [], REMEDY


def test_our_schema_and_reference_are_up_to_date() -> None:
    assert write_schema(Project(ROOT), reference=REFERENCE, check=True) == [], REMEDY
