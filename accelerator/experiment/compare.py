"""What differs between runs of a project, as a table or a page, and their curves in one picture."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from accelerator.config.project import Project, find_project
from accelerator.errors import UsageError, did_you_mean
from accelerator.experiment.late import late
from accelerator.experiment.named_run import named_run
from accelerator.experiment.write_table import SUFFIXES, new_file, write_table
from accelerator.redaction import redact_text
from accelerator.runs.comparison import Comparison, compare_runs, names_of
from accelerator.runs.expression import split_names
from accelerator.runs.files import write_new
from accelerator.runs.run import Run

PICTURES = (".png", ".svg")
Curves: TypeAlias = Mapping[str, Sequence[tuple[int, float]]]
"""The points (step, value) of one metric by the run's name."""


@dataclass(frozen=True)
class Compared:
    """What came of a comparison."""

    comparison: Comparison
    file: Path | None = None
    """The file that was written."""


def compare(
    references: Sequence[str],
    *,
    curves: str | None = None,
    output: str | None = None,
    tracking: str | None = None,
    project: Project | None = None,
) -> Compared:
    """Compare the runs that the RUNs mean, in their order.

    Args:
        references: two RUNs or more; one will do for its curves.
        curves: names of metrics with commas between, drawn into the file: a picture, or a page.
        output: a new file: .png or .svg for curves, else .csv, .parquet, or .html.
        tracking: read from MLflow instead: the store's address, or `mlflow` for that of the project.
        project: the project; by default that of the working folder.

    Raises:
        RunNotFoundError: a RUN means none, or more than one.
        UsageError: too few RUNs, a metric that no run has, or a file that cannot be written so.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
        InputError: there is no such store, or it cannot be read.
    """
    _check_count(references, curves is not None)
    names = [] if curves is None else split_names(curves, "--curves")
    path = _file(output, bool(names))
    project = project or find_project()
    with _runs(references, tracking, project, names) as runs:
        drawn = {name: _curves_of(runs, name) for name in names}
        found = compare_runs(runs)
        if tracking is not None:
            found = replace(found, notes=_as_of_store(found.notes, runs, tracking))
    if path is not None:
        _write(path, found, drawn)
    return Compared(found, path)


@contextmanager
def _runs(
    references: Sequence[str], tracking: str | None, project: Project, curves: Sequence[str]
) -> Iterator[list[Run]]:
    if tracking is None:
        yield [named_run(reference, project) for reference in references]
        return
    with tempfile.TemporaryDirectory(prefix="accelerator-") as folder:
        yield late("copy_runs", "read_back", "tracking")(references, tracking, project, Path(folder), curves)


def _as_of_store(notes: Sequence[str], runs: Sequence[Run], tracking: str) -> tuple[str, ...]:
    """Return notes about files as notes about the store; where values came from is told to no store."""
    told = [note for note in notes if "provenance.json" not in note]
    for run in runs:
        told = [note.replace(str(run.folder.path), f"{redact_text(tracking)}: {run.name}") for note in told]
    return tuple(told)


def _check_count(references: Sequence[str], is_drawn: bool) -> None:
    if len(references) >= (1 if is_drawn else 2):
        return
    command = "accelerator experiment compare"
    raise UsageError(f"{command} takes two RUNs or more, and got {len(references)}. Write {command} RUN RUN.")


def _file(output: str | None, has_curves: bool) -> Path | None:
    if output is None:
        if has_curves:
            raise UsageError("--curves: a picture needs a file. Add --output FILE.png, .svg or .html.")
        return None
    path = new_file(output, (*PICTURES, ".html") if has_curves else (*SUFFIXES, *PICTURES))
    if path.suffix.lower() in PICTURES and not has_curves:
        raise UsageError(f"--output {output}: a picture of what? Add --curves METRIC, such as validation/loss.")
    return path


def _curves_of(runs: Sequence[Run], name: str) -> Curves:
    """Return the points of one metric in each run that has it.

    Raises:
        UsageError: none has.
    """
    points = [run.points(name) for run in runs]
    if not any(points):
        known = {metric for run in runs for metric in (*run.metric_names(), *run.summary.metrics)}
        raise UsageError(f"--curves {name}: none of these runs has that metric. {did_you_mean(name, known)}")
    return {
        title: [(point["step"], point["value"]) for point in found]
        for title, found in zip(names_of(runs), points, strict=True)
        if found
    }


def _write(path: Path, found: Comparison, drawn: Mapping[str, Curves]) -> None:
    if path.suffix.lower() in PICTURES:
        write_new(path, late("draw_curves", "curves_picture", "report")(drawn, path.suffix.lower().removeprefix(".")))
        return
    header = ("cause", "key", *found.runs)
    rows = [(item.cause, item.key, *item.values) for item in found.differences]

    def page() -> str:
        draw = late("draw_curves", "curves_picture", "report")
        pictures = [(name, draw({name: curves}, "svg").decode("utf-8")) for name, curves in drawn.items()]
        text: str = late("comparison_page", "runs_page", "report")(found, time.strftime("%Y-%m-%d %H:%M"), pictures)
        return text

    write_table(path, header, rows, page)
