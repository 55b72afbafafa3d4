"""Reading runs back from an MLflow store, through its public client: as rows, and as run folders to compare."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.errors import AcceleratorError, InputError, RunNotFoundError, did_you_mean
from accelerator.runs.files import write_json, write_text
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import METRIC, SYSTEM, TAG, JournalWriter
from accelerator.runs.listing import LAST
from accelerator.runs.overrides import read_overrides
from accelerator.runs.row import RunRow
from accelerator.runs.run import CHOICE_PREFIX, PARENT_TAG, Run
from accelerator.runs.summary import COMPLETED, FAILED, INTERRUPTED, RUNNING, Summary, write_summary
from accelerator.tracking.addresses import configured_address
from accelerator.tracking.mlflow_names import CHANGED_PREFIX, RUN_TAG, mlflow_key
from accelerator.tracking.mlflow_store import import_late, resolve_uri, shown_uri, sqlite_path
from accelerator.tracking.sink import SinkError

OF_PROJECT = "mlflow"
PARENT_RUN_TAG = "mlflow.parentRunId"
_STATUSES = {"FINISHED": COMPLETED, "FAILED": FAILED, "KILLED": INTERRUPTED, "RUNNING": RUNNING, "SCHEDULED": RUNNING}
_FILES = ("config.yaml", "overrides.yaml", "environment.json", "git.diff")
_OF_EACH_STEP = ("train/loss", "train/epoch_loss")
EPOCH = "epoch"
"""The metric by which MLflow knows at which step an epoch began."""
_A_PAGE = 1000
RUNNING_THERE = "running, says the store"
"""A copy has no lock by which it could be told whether the run lives."""


def tracked_rows(tracking: str, project: Project) -> list[RunRow]:
    """Return the runs of a store, oldest first; also those that others than us have written there.

    Args:
        tracking: the store's address, or `mlflow` for the one that the project's configs name.
        project: the present one.

    Raises:
        InputError: there is no such store, it cannot be reached, or does not answer as one.
    """
    with _opened(tracking, project) as client:
        return [_row(run, names) for run, names in _all_runs(client)]


def copy_runs(
    references: Sequence[str], tracking: str, project: Project, folder: Path, curves: Sequence[str] = ()
) -> list[Run]:
    """Write what a store has of runs into run folders below `folder`, to be compared as any; return them in order.

    Args:
        references: each an id of MLflow's, a run's name, a unique ending of it, or `last`.
        tracking: as for `tracked_rows`.
        project: the present one.
        folder: an empty folder.
        curves: the metrics whose points are wanted.

    Raises:
        RunNotFoundError: a reference means no run, or more than one.
        InputError: as for `tracked_rows`.
    """
    with _opened(tracking, project) as client:
        rows = [_row(run, names) for run, names in _all_runs(client)]
        found = [_named(reference, rows, tracking) for reference in references]
        names = [row.run_id for row in found]
        return [
            _copied(client, row, folder / str(place) / _told_as(row, names), curves) for place, row in enumerate(found)
        ]


@contextmanager
def _opened(tracking: str, project: Project) -> Iterator[Any]:
    """Give a client of the store; what MLflow raises meanwhile is told as what the user can change."""
    uri = _address(tracking, project)
    mlflow_trouble = import_late("mlflow_trouble")
    try:
        yield mlflow_trouble.MlflowClient(uri)
    except AcceleratorError:
        raise
    except Exception as error:  # the border to MLflow, its database's driver and the disk of its artifacts
        trouble = mlflow_trouble.trouble(error, uri)
        raise InputError(
            f"--tracking {shown_uri(tracking)}: {trouble.text}. {trouble.remedy}; without --tracking runs are read "
            f"from their folders."
        ) from error


def _address(tracking: str, project: Project) -> str:
    try:
        if tracking == OF_PROJECT:
            configured = configured_address(compose((), project=project).get("tracking"))
            uri = resolve_uri(configured, os.environ, project.root)
        else:
            uri = resolve_uri(tracking, {}, project.root)
    except SinkError as error:
        raise InputError(f"--tracking {shown_uri(tracking)}: {error}") from error
    path = sqlite_path(uri)
    if path is not None and not path.is_file():
        raise InputError(
            f"--tracking {shown_uri(tracking)}: there is no store {path}. The first tracked run makes one."
        )
    if path is None and "://" not in uri:
        raise InputError(
            f"--tracking {shown_uri(tracking)}: is no address of a store. Write mlflow for the project's own, "
            f"sqlite:///FILE, or http://HOST:PORT."
        )
    return uri


def _all_runs(client: Any) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """Yield every run that was not deleted, oldest first, each with the names of the experiments by their ids."""
    names = {item.experiment_id: item.name for item in _pages(client.search_experiments)}
    if not names:
        return
    for run in _pages(client.search_runs, list(names), order_by=["attributes.start_time ASC"]):
        yield run, names


def _pages(search: Any, *arguments: Any, **options: Any) -> Iterator[Any]:
    token = None
    while True:
        page = search(*arguments, **options, max_results=_A_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _row(run: Any, names: Mapping[str, str]) -> RunRow:
    info, data = run.info, run.data
    end = info.end_time
    # The machine's load is no result: a run folder's summary has none of it either.
    metrics = {key: data.metrics[key] for key in data.metrics if not key.startswith(SYSTEM)}
    changed = {key.removeprefix(CHANGED_PREFIX): data.tags[key] for key in data.tags if key.startswith(CHANGED_PREFIX)}
    parameters = {**data.params, **changed}
    epoch = metrics.pop(EPOCH, None)
    return RunRow(
        name=str(names.get(info.experiment_id, "")),
        run_id=data.tags.get(RUN_TAG) or info.run_name or info.run_id,
        run_folder=None,
        status=_STATUSES.get(info.status, str(info.status).lower()),
        epoch=None if epoch is None else int(epoch),
        step=None,
        metrics=metrics,
        started=datetime.fromtimestamp(info.start_time / 1000).isoformat(" ", "seconds") if info.start_time else "",
        seconds=(end - info.start_time) / 1000 if end and info.start_time else None,
        error=None,
        parent=data.tags.get(PARENT_TAG) or data.tags.get(PARENT_RUN_TAG),
        tracked_as=info.run_id,
        config=lambda: {name: _value(text) for name, text in parameters.items()},
    )


def _named(reference: str, rows: Sequence[RunRow], tracking: str) -> RunRow:
    if reference == LAST and rows:
        return rows[-1]
    exact = [row for row in rows if reference in (row.tracked_as, row.run_id)]
    found = exact or [row for row in rows if reference and row.run_id.endswith(reference)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(row.tracked_as) for row in found[:8])
        raise RunNotFoundError(
            f"RUN = '{reference}': --tracking {shown_uri(tracking)} has more than one: {ids}. Name one by its id."
        )
    newest = [row.run_id for row in rows[::-1]][:200]
    raise RunNotFoundError(
        f"RUN = '{reference}': --tracking {shown_uri(tracking)} has no run of that name or id. "
        f"{did_you_mean(reference, newest, most=5)}".rstrip()
    )


def _told_as(row: RunRow, names: Sequence[str]) -> str:
    """Return the name of a run's copy: that of the run, or its id where others of the same name stand beside it."""
    name = row.run_id if names.count(row.run_id) == 1 else str(row.tracked_as)
    return name.replace("/", "_").lstrip(".")


def _copied(client: Any, row: RunRow, root: Path, curves: Sequence[str]) -> Run:
    folder = RunFolder(root)
    folder.path.mkdir(parents=True)
    there = {item.path for item in client.list_artifacts(row.tracked_as)}
    for name in _FILES:
        if name in there:
            client.download_artifacts(row.tracked_as, name, str(folder.path))
    if not folder.config.exists():
        write_text(folder.config, yaml.safe_dump(dict(row.config())))
    write_json(folder.provenance, _sources(read_overrides(folder)))
    status = RUNNING_THERE if row.status == RUNNING else row.status
    step = _last_step(client, row)
    summary = Summary(status, row.epoch or 0, step, metrics=row.metrics, seconds=row.seconds or 0.0, parent=row.parent)
    write_summary(folder, summary)
    writer = JournalWriter(folder.journal)
    tags = client.get_run(row.tracked_as).data.tags
    writer.append([{"kind": TAG, "name": name, "value": tags[name]} for name in tags if name.startswith(CHOICE_PREFIX)])
    for name in curves:
        points = client.get_metric_history(row.tracked_as, mlflow_key(name))
        writer.append(
            [
                {"kind": METRIC, "name": name, "value": item.value, "step": item.step, "time": item.timestamp / 1000}
                for item in points
            ]
        )
    writer.close()
    return Run(folder.path)


def _last_step(client: Any, row: RunRow) -> int:
    """Return the last step with a loss of the training; MLflow tells it of no run as a whole. 0 where there is none."""
    for name in _OF_EACH_STEP:
        if name in row.metrics:
            return max((item.step for item in client.get_metric_history(row.tracked_as, name)), default=0)
    return 0


def _sources(typed: Sequence[str]) -> dict[str, list[str]]:
    """Return what is known of where values came from: the overrides; files are not told to a tracker."""
    return {text.lstrip("+~").partition("=")[0]: [text] for text in typed}


def _value(text: str) -> Any:
    """Return a parameter as what it was before a tracker made it a text."""
    if text in ("None", "True", "False"):
        return {"None": None, "True": True, "False": False}[text]
    for make in (int, float):
        try:
            return make(text)
        except ValueError:
            continue
    return text
