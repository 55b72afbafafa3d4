"""Which dotted path was meant."""

from pathlib import Path

import pytest

from accelerator.config.nearest_path import nearest_path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a folder with a package whose names come through stars and submodules."""
    package = tmp_path / "library"
    (package / "nets").mkdir(parents=True)
    (package / "__init__.py").write_text("from . import nets\n", encoding="utf-8")
    (package / "nets" / "__init__.py").write_text("from .plain import *\nfrom .odd import Odd as Special\n")
    (package / "nets" / "plain.py").write_text("from .plain import *\nclass PlainNet:\n    pass\n", encoding="utf-8")
    (package / "nets" / "odd.py").write_text("class Odd:\n    pass\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("library.nets.PlainNett", "library.nets.PlainNet"),
        ("library.nets.Speciall", "library.nets.Special"),
        ("library.net.plainn.PlainNet", "library.nets.plain.PlainNet"),
        ("library.net.PlainNet.make", "library.nets.PlainNet.make"),
        ("library.nets.PlainNet", ""),
        ("library.nets.PlainNet.make", ""),
        ("library.nets.Zebra", ""),
        ("absent.nets.PlainNet", ""),
    ],
)
def test_the_nearest_that_is_there_is_found_without_importing(path: str, meant: str, library: Path) -> None:
    assert nearest_path(path, [library]) == meant
