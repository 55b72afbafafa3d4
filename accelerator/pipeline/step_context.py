"""What a step of a pipeline is called with beside its inputs."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerator.config.project import Project


@dataclass(frozen=True)
class StepContext:
    """Where a step stands: it is called as `(inputs, step_context) -> outputs`. No Context of a training.

    | attribute | type | holds |
    |---|---|---|
    | name | str | what the pipeline calls the step |
    | folder | Path | an empty folder of the step's own, which stays: what it gives is written here |
    | inputs | mapping | the same as the first argument: a file, folder, run or checkpoint is a `Path` |
    | launch | mapping | the step's `launch` of the pipeline's config; empty when it says nothing |
    | project | Project | the project that the pipeline belongs to |
    | log | Logger | writes to the step's `output.txt` |
    | pipeline | str | the pipeline's name |
    | attempt | int | 1 for the first, more after a retry or when a killed step is gone on with |

    A step that is tried again finds `folder` as the attempt before left it, so that it can go on from there.
    """

    name: str
    folder: Path
    inputs: Mapping[str, Any] = field(default_factory=dict)
    launch: Mapping[str, Any] = field(default_factory=dict)
    project: Project = Project(Path("."))
    log: logging.Logger = logging.getLogger("accelerator.pipeline.step")
    pipeline: str = ""
    attempt: int = 1
