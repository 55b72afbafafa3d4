"""Texts among a step's inputs that read like a file which is not there.

Such a text is no error: a step may be told where to write, or get a name that merely has a slash. It is told instead,
before anything runs and when the step that got it fails.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from accelerator.config.pipeline_config import PipelineConfig, StepConfig
from accelerator.config.project import Project
from accelerator.errors import Problem
from accelerator.leaves import leaves
from accelerator.pipeline.inputs import own_files
from accelerator.redaction import redact_text

_LIKE_A_FILE = re.compile(r"(?!.*(://|\$\{)).*/.*\.[A-Za-z][A-Za-z0-9]{0,7}")
"""A slash, and an ending that begins with a letter: `data/a.csv`, but no address, and not `meta/Llama-3.1`."""


def missing_files(inputs: Mapping[str, Any], project: Project) -> Iterator[tuple[str, str]]:
    """Yield the key and the text of each input that reads like a file which is not there."""
    for key, leaf in leaves(inputs):
        for item in leaf if isinstance(leaf, list) else [leaf]:
            if isinstance(item, str) and _LIKE_A_FILE.fullmatch(item) and own_files(item, project) is None:
                yield key, redact_text(item)


def told_of_step(step: StepConfig, pipeline: PipelineConfig, project: Project) -> list[str]:
    """Return a sentence for each such input of a step that is about to run."""
    what = f"there is no such file below {project.root}, so it comes in as a text"
    remedy = "Correct the path, if it is meant as one"
    return [
        str(Problem(place, what, remedy, pipeline.places.place_of(place), text))
        for key, text in missing_files(step.inputs, project)
        for place in [f"steps.{step.name}.inputs.{key}"]
    ]


def told_of_failure(inputs: Mapping[str, Any], project: Project) -> str:
    """Return what is added to the error of a step that has failed; empty where all its files were there."""
    found = " and ".join(f"{key} = {text}" for key, text in missing_files(inputs, project))
    return f" (the input {found} came in as a text: there is no such file)" if found else ""
