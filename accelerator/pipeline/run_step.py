"""The process of one registered step: `python -m accelerator.pipeline.run_step FOLDER`.

The folder holds `step.json`, written by the pipeline; the step's outputs are written to `outputs.json` beside it when
all of them are there. An error a user can cause is printed in a sentence, any other with its traceback: both go to the
step's `output.txt`.
"""

import logging
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accelerator.components import Registry
from accelerator.config.build import Builder, builder_for
from accelerator.config.declared import declared_by
from accelerator.config.project import Project
from accelerator.errors import EXIT_FAILED, AcceleratorError, in_one_line
from accelerator.heap import leave
from accelerator.launch.threads import limit_spinning
from accelerator.pipeline.from_environment import node_with_variables
from accelerator.pipeline.inputs import read_inputs
from accelerator.pipeline.missing_files import told_of_failure
from accelerator.pipeline.outputs import read_outputs
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.step_folder import StepFolder, decode_paths
from accelerator.redaction import redact_text
from accelerator.runs.files import read_json, write_json

KIND = "pipeline_step"
OVERRIDES = "overrides"
"""An argument that holds overrides, as that which `@gives` says composes a config: who reads them reads variables."""


def main(arguments: list[str]) -> int:
    """Run the step in a folder and return the exit code of the process."""
    limit_spinning(os.environ)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    folder = StepFolder(Path(arguments[0]))
    try:
        run_step(folder)
    except AcceleratorError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Exception as error:  # the border to a component: whatever it raises ends the step, not the pipeline
        print(redact_text(traceback.format_exc()), file=sys.stderr)
        print(f"{redact_text(in_one_line(error))}{_missing(folder)}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def run_step(folder: StepFolder) -> None:
    """Build the step's component, call it, and write down what it gives.

    Raises:
        AcceleratorError: the component cannot be built, or what it gives is not what it declares.
    """
    task = read_json(folder.task)
    project = Project(Path(task["project"]))
    project.put_on_path()
    registry = Registry.discover(project.root)
    builder = builder_for(registry, task["trust"], project.root)
    component, declared = _build(builder, task["node"], str(task["name"]))
    folder.files.mkdir(exist_ok=True)
    context = StepContext(
        name=task["name"],
        folder=folder.files,
        inputs=read_inputs(decode_paths(task["inputs"]), project),
        launch=task["launch"] or {},
        project=project,
        log=logging.getLogger(f"accelerator.pipeline.{task['name']}"),
        pipeline=task["pipeline"],
        attempt=task["attempt"],
    )
    outputs = read_outputs(component(context.inputs, context), declared, context.name)
    write_json(folder.outputs, {name: asdict(item) for name, item in outputs.items()})


def _missing(folder: StepFolder) -> str:
    """Return what is said of files that the step was to have, behind its error."""
    task = read_json(folder.task)
    return told_of_failure(decode_paths(task["inputs"]), Project(Path(task["project"])))


def _build(builder: Builder, node: Mapping[str, Any], name: str) -> tuple[Any, tuple[str, ...]]:
    """Return what is called, and the names that it declares to give; a function is itself the step."""
    _, target = builder.resolve(node, KIND, f"steps.{name}.step", nested=False)
    marked = declared_by(target)
    composes = marked.composes if marked is not None else None
    built = builder.build(node_with_variables(node, (composes, OVERRIDES)), KIND, f"steps.{name}.step")
    return built, marked.names if marked is not None else ()


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
