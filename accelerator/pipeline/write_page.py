"""`report.html` in a pipeline's folder: written when it has ended, however it ended."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from accelerator.errors import StorageError
from accelerator.pipeline.outputs import FILE, FOLDER
from accelerator.pipeline.state import PipelineState, StepState
from accelerator.report.pipeline_page import pipeline_page
from accelerator.runs.delivery import mlflow_address
from accelerator.runs.family import run_of_folder
from accelerator.runs.files import write_text
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import read_summary

PAGE = "report.html"


def write_page(state: PipelineState) -> Path:
    """Write the page of a pipeline, and return where it lies.

    Raises:
        StorageError: the disk refuses.
    """
    links = {step.name: dict(_links(step, state.folder)) for step in state.steps}
    page = state.folder / PAGE
    write_text(page, pipeline_page(state.to_json(), links, _address_of(run_of_folder(state.folder))))
    return page


def page_for_tracker(state: PipelineState) -> str:
    """Return the page as it is kept beside the run in a tracker: without links to files, which are not there."""
    links = {step.name: dict(_in_mlflow(step)) for step in state.steps}
    return pipeline_page(state.to_json(), links)


def _links(step: StepState, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what a step left, and its address: of files from the pipeline's folder, so that it may be moved."""
    if step.run_folder is not None:
        run = RunFolder(Path(step.run_folder))
        yield "run folder", _relative(run.path, folder)
        if (run.path / PAGE).is_file():
            yield "report", _relative(run.path / PAGE, folder)
    for name, output in step.outputs.items():
        if output.type in (FILE, FOLDER) and output.path is not None and output.path.exists():
            yield name, _relative(output.path, folder)
    yield from _in_mlflow(step)
    if step.skipped_from is not None and (page := Path(step.skipped_from, PAGE)).is_file() and page.parent != folder:
        yield "where it ran", _relative(page, folder)
    if step.folder is not None:
        yield "what it printed", _relative(Path(step.folder, "output.txt"), folder)


def _in_mlflow(step: StepState) -> Iterator[tuple[str, str]]:
    address = _address_of(RunFolder(Path(step.run_folder))) if step.run_folder is not None else None
    if address is not None:
        yield "MLflow", address


def _address_of(run: RunFolder) -> str | None:
    """Return where a browser finds a run in MLflow; None for one that is on no server."""
    try:
        found = read_summary(run).mlflow or mlflow_address(run)
    except StorageError:  # damaged: `list` says so
        return None
    if found is None or not found["tracking_uri"].startswith(("http://", "https://")):
        return None
    return f"{found['tracking_uri'].rstrip('/')}/#/runs/{quote(found['run_id'])}"


def _relative(path: Path, folder: Path) -> str:
    return quote(os.path.relpath(path, folder))
