"""A user's project to which one component of each kind was added, and awkward names besides."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.scaffold.add import add
from accelerator.scaffold.add_names import KINDS_TO_ADD
from accelerator.scaffold.init import init

PYPROJECT = """\
# mine
[project]
name = "hand-writing" # the name
version = "0.1"

# how I like it
[tool.black]
line-length = 120
"""
# Called like their kind, like what their template imports, like a builtin, like a test, or like one of another kind.
AWKWARD = (
    *[(kind, kind) for kind in KINDS_TO_ADD if kind not in ("experiment", "pipeline", "sampler")],
    *[("loss", "tensor"), ("data", "torch"), ("data", "set"), ("model", "test_model"), ("metric", "again")],
    *[("callback", "context"), ("loss", "again"), ("sampler", "exception")],
)


def start(root: Path, pyproject: str = PYPROJECT) -> Project:
    """Write a `pyproject.toml` and return the project."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    return Project(root)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return a project with `my_<kind>` of each kind and the awkward names; what is imported from it is forgotten."""
    project = start(tmp_path_factory.mktemp("full"))
    for kind, name in [*((kind, f"my_{kind}") for kind in KINDS_TO_ADD), *AWKWARD]:
        add(kind, name, project=project)
    path, known = sys.path.copy(), set(sys.modules)
    yield project
    sys.path[:] = path
    for name in [name for name in sys.modules if name not in known and name.partition(".")[0] == "hand_writing"]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "handwriting"
    init(str(root), project=Project(root.parent))
    return root


@pytest.fixture
def new(_made: Path, tmp_path: Path) -> Project:
    """Return a project as `configure init` makes it."""
    return Project(shutil.copytree(_made, tmp_path / "handwriting"))
