"""Steps called as a pipeline calls them, in a folder of their own, beside one trained run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.pipeline.step_context import StepContext
from tests.unit.experiment.conftest import _own_path, _trained_once, trained, trained_run

__all__ = ["_own_path", "_trained_once", "trained", "trained_run"]


@pytest.fixture
def context_of(tmp_path: Path) -> Callable[[Project], StepContext]:
    """Return what makes the context of a step in a project; overrides could stumble on its folder's name."""

    def make(project: Project) -> StepContext:
        folder = tmp_path / "the step's [1], {x}=y files"
        folder.mkdir(exist_ok=True)
        return StepContext("one", folder, project=project)

    return make
