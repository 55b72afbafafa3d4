"""By which overrides a step composes a config."""

from pathlib import Path
from typing import Any

import pytest

from accelerator.components import Registry
from accelerator.config.pipeline_config import StepConfig
from accelerator.config.project import Project
from accelerator.pipeline.composing import composing_overrides

OWN = """
from accelerator.config.declared import gives


@gives("table", composes="what")
def tabulate(inputs, step_context, what=()):
    return {}


raise RuntimeError("this was imported")
"""


@pytest.mark.parametrize(
    ("experiment", "node", "overrides"),
    [
        ("digits_resnet", None, ("experiment=digits_resnet", "seed=1")),
        (None, {"_target_": "train", "overrides": ["experiment=a", "seed=2"]}, ("experiment=a", "seed=2")),
        (None, {"_target_": "accelerator-framework::analyze_data"}, ()),
        (None, {"_target_": "evaluate", "overrides": ["seed=2"]}, None),
        (None, {"_target_": "composing_of_mine.tabulate", "what": ["experiment=b"]}, ("experiment=b",)),
    ],
)
def test_a_step_composes_what_it_declares(
    experiment: str | None, node: dict[str, Any] | None, overrides: tuple[str, ...] | None, project: Path
) -> None:
    (project / "composing_of_mine.py").write_text(OWN)
    step = StepConfig("one", experiment, node, ("seed=1",))

    assert composing_overrides(step, Project(project), Registry.discover(project)) == overrides
