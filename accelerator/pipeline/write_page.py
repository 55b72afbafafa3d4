"""`report.html` in a pipeline's folder: written when it has ended, however it ended."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from accelerator.errors import StorageError
from accelerator.pipeline.state import PipelineState, StepState
from accelerator.report.pipeline_page import pipeline_page
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
    write_text(page, pipeline_page(state.to_json(), links))
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
        for name, file in (
            ("report", run.path / PAGE),
            ("model", run.analysis / "model.html"),
            ("data", run.analysis / "data.html"),
        ):
            if file.is_file():
                yield name, _relative(file, folder)
    yield from _in_mlflow(step)
    if step.folder is not None:
        yield "output", _relative(Path(step.folder, "output.txt"), folder)


def _in_mlflow(step: StepState) -> Iterator[tuple[str, str]]:
    if step.run_folder is None:
        return
    try:
        address = read_summary(RunFolder(Path(step.run_folder))).mlflow
    except StorageError:  # damaged: `list` says so
        return
    if address is not None and address["tracking_uri"].startswith(("http://", "https://")):
        yield "MLflow", f"{address['tracking_uri'].rstrip('/')}/#/runs/{quote(address['run_id'])}"


def _relative(path: Path, folder: Path) -> str:
    return quote(os.path.relpath(path, folder))
