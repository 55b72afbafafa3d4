"""A project for the examples of the documentation: theirs to write into, and not tracked."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

# A tracker is not what the examples are about, and costs seconds each time: tests/e2e follows runs into MLflow.
_MAIN = """\
defaults:
  - base
  - _self_
  - experiment: null
  - override /tracking: none
"""


@pytest.fixture
def example_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the root of an empty project that is the working folder; what examples import from it is forgotten."""
    (project / "configs" / "main.yaml").write_text(_MAIN, encoding="utf-8")
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    known, threads = set(sys.modules), torch.get_num_threads()
    yield project
    torch.set_num_threads(threads)
    for name in [name for name in sys.modules if name not in known]:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(project)):
            del sys.modules[name]
