"""What components declare, read from sources that are never run."""

from pathlib import Path

import pytest

from accelerator.config.declared import Gives
from accelerator.config.declared_source import read_declared

SOURCE = """
from accelerator.config.declared import gives

NAMES = ("a", "b")


@gives("table", composes="overrides", outputs="others", fills="words", needs=("run",))
class Composing:
    pass


@gives("input", facts=["classes"], validation_sets=[])
def data():
    pass


@gives(*NAMES)
class Computed:
    pass


raise RuntimeError("this was run")
"""


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("Composing", Gives(("table",), composes="overrides", outputs="others", fills="words", needs=("run",))),
        ("data", Gives(("input",), facts=("classes",), validation_sets=())),
        ("Computed", None),
        ("Missing", None),
    ],
)
def test_declarations_are_read_as_they_are_written(name: str, declared: Gives | None, tmp_path: Path) -> None:
    (tmp_path / "declaring.py").write_text(SOURCE)

    assert read_declared(f"declaring.{name}", [tmp_path]) == declared
