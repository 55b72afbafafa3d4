"""`summary.json`: how a run stands, or how it ended.

It has one writer at a time: training while it holds `run.lock`, then the forwarder.
"""

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, TypedDict

from accelerator.errors import StorageError
from accelerator.runs.files import number_from_json, read_json, write_json
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import is_held

RUNNING = "running"
COMPLETED = "completed"
FAILED = "failed"
INTERRUPTED = "interrupted"
DIED = "died"
_TYPES: dict[str, tuple[type, ...]] = {
    **{name: (int,) for name in ("epoch", "step")},
    **{name: (str, NoneType) for name in ("checkpoint", "error", "parent")},
    **{name: (dict, NoneType) for name in ("best", "mlflow")},
    "status": (str,),
    "seconds": (int, float),
    "samples_per_second": (int, float, NoneType),
}
STATUSES = (RUNNING, COMPLETED, FAILED, INTERRUPTED, DIED)


class Best(TypedDict):
    """The best value of the monitored metric, and the checkpoint that has it."""

    metric: str
    value: float
    step: int
    checkpoint: str | None


class MlflowAddress(TypedDict):
    """Where MLflow has the run. The address is without credentials."""

    tracking_uri: str
    experiment: str
    run_id: str


@dataclass(frozen=True)
class Summary:
    """The fields of `summary.json`, and the folder it lies in."""

    status: str = RUNNING
    epoch: int = 0
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    best: Best | None = None
    seconds: float = 0.0
    samples_per_second: float | None = None
    checkpoint: str | None = None
    mlflow: MlflowAddress | None = None
    error: str | None = None
    parent: str | None = None
    run_folder: Path | None = None
    """Not in the file."""


def write_summary(folder: RunFolder, summary: Summary) -> None:
    """Replace the folder's `summary.json`. Only for its one writer of the moment.

    Raises:
        StorageError: the disk refuses; the old file is untouched.
    """
    values = asdict(summary)
    del values["run_folder"]
    write_json(folder.summary, values)


def read_summary(folder: RunFolder) -> Summary:
    """Return the summary as it truly is: `running` without a living process reads as `died`.

    A folder whose run was killed before it wrote a summary gives one with nothing in it.

    Raises:
        StorageError: the file is damaged.
    """
    # The lock before the file: a run that ends in between has written its end by then.
    is_running = is_held(folder.lock)
    stored = read_json(folder.summary) if folder.summary.exists() else {}
    if not isinstance(stored, dict):
        raise StorageError(f"{folder.summary}: holds no summary. The file is damaged: restore it, or use another run.")
    try:
        summary = _from_json(stored, folder.path)
    except (AttributeError, TypeError, ValueError) as error:
        raise StorageError(
            f"{folder.summary}: is no summary ({error}). The file is damaged: restore it, or use another run."
        ) from error
    if summary.status != RUNNING or is_running or is_held(folder.lock):  # held now: a resume has just begun
        return summary
    return replace(summary, status=DIED)


def _from_json(stored: dict[str, Any], path: Path) -> Summary:
    known = {item.name for item in fields(Summary)} - {"run_folder"}
    values = {key: value for key, value in stored.items() if key in known}
    values["metrics"] = {name: number_from_json(value) for name, value in (values.get("metrics") or {}).items()}
    if values.get("best"):
        values["best"] = {**values["best"], "value": number_from_json(values["best"].get("value"))}
    for name in ("seconds", "samples_per_second"):
        if name in values:
            values[name] = number_from_json(values[name])
    summary = Summary(**values, run_folder=path)
    for name, allowed in _TYPES.items():
        if not isinstance(getattr(summary, name), allowed):
            raise TypeError(f"{name} is {getattr(summary, name)!r}")
    if not all(isinstance(value, int | float) for value in summary.metrics.values()):
        raise TypeError("a metric is no number")
    _check_best(summary.best)
    if summary.mlflow and not all(isinstance(value, str) for value in summary.mlflow.values()):
        raise TypeError(f"mlflow is {summary.mlflow!r}")
    return summary


def _check_best(best: Best | None) -> None:
    if best is None:
        return
    places: tuple[tuple[Any, Any], ...] = (
        (best.get("metric"), str),
        (best.get("value"), int | float),
        (best.get("step"), int),
        (best.get("checkpoint"), str | NoneType),
    )
    if not all(isinstance(value, allowed) for value, allowed in places):
        raise TypeError(f"best is {best!r}")
