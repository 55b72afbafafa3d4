"""The sink `mlflow`: one MLflow run for each run, in any store that MLflow has.

The MLflow run is found again by what was remembered, or by the tag `accelerator.run_id`; the one that MLFLOW_RUN_ID
names is taken over where nobody has it; else one is created. MLflow keeps a point by (name, timestamp, step, value),
and a point's timestamp is the journal's: a batch that is sent again changes nothing.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from accelerator.errors import AcceleratorError
from accelerator.redaction import MASK
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import ARTIFACT, METRIC, PARAMETER, TAG, Record, read_journal
from accelerator.runs.summary import COMPLETED
from accelerator.tracking.mlflow_store import (
    artifact_folder,
    ensure_sqlite,
    import_late,
    resolve_uri,
    shown_uri,
    sqlite_path,
)
from accelerator.tracking.sink import SinkError, TrackedRun

if TYPE_CHECKING:
    from accelerator.tracking.mlflow_family import MlflowFamily
    from accelerator.tracking.mlflow_run import MlflowRun


class MLflowSink:
    """Carries a journal to MLflow."""

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment: str | None = None,
        checkpoints: Literal["none", "best", "last", "all"] = "none",
        log_model: bool = True,
        register: str | None = None,
        alias: str | None = "newest",
    ) -> None:
        """
        Args:
            tracking_uri: the store; null: MLFLOW_TRACKING_URI, else `mlflow.db` at the project root.
            experiment: its name, unless MLFLOW_EXPERIMENT_NAME or _ID is set; null: the config's `name`.
            checkpoints: which of the run's checkpoints are uploaded at its end: none, best, last or all that it kept.
            log_model: whether the trained model of a completed run is logged, for `mlflow.pyfunc.load_model`.
            register: the registered model that a completed run's model becomes a version of; null: none.
            alias: what the registry calls that version; null: nothing.

        Raises:
            SinkError: a model is to be registered that is not logged.
        """
        if register and not log_model:
            raise SinkError(
                f"tracking.register = {register!r}: only a logged model can be registered. Set tracking.log_model=true."
            )
        self._tracking_uri = tracking_uri
        self._experiment = experiment
        self._checkpoints = checkpoints
        self._log_model = log_model
        self._register = register
        self._alias = alias
        self._folder: RunFolder | None = None
        self._address = ""
        self._opened: "MlflowRun | None" = None
        self._family: "MlflowFamily | None" = None
        self._last_time: float | None = None

    def open(self, run: TrackedRun) -> Mapping[str, str]:
        """Find or create the MLflow run, creating store and experiment when there are none; mark it as running.

        Raises:
            SinkError: the store cannot be used as configured, does not answer, or refuses the login.
        """
        self._address = uri = self._uri(run)
        artifacts = artifact_folder(uri, run.project_root)
        mlflow = import_late("mlflow_open")
        database = sqlite_path(uri)
        if database is not None and artifacts is not None:
            ensure_sqlite(database, mlflow.create_store)
        with self._telling():
            client = mlflow.MlflowClient(uri)
            found, experiment = mlflow.open_run(client, run, self._experiment or run.name, artifacts)
        self._folder = RunFolder(run.folder)
        self._opened = import_late("mlflow_run").MlflowRun.of(client, found, run.folder)
        self._family = import_late("mlflow_family").MlflowFamily(client, found, self._folder, shown_uri(uri))
        return {"tracking_uri": shown_uri(uri), "experiment": experiment, "run_id": found.info.run_id}

    def send(self, records: Sequence[Record]) -> int:
        """Log records; return how many MLflow can never take (each is named in the log)."""
        with self._telling():
            return self._send(self._require_open(), records)

    def _send(self, opened: "MlflowRun", records: Sequence[Record]) -> int:
        by_kind: dict[str, list[Record]] = {METRIC: [], PARAMETER: [], TAG: [], ARTIFACT: []}
        for record in records:
            by_kind[record["kind"]].append(record)
        refused = opened.log_parameters(by_kind[PARAMETER])
        refused += opened.log_tags((record["name"], record.get("value")) for record in by_kind[TAG])
        refused += opened.log_metrics(by_kind[METRIC])
        refused += opened.artifacts.log_files(by_kind[ARTIFACT])
        folder = self._folder
        if folder is not None and any(record.get("path") == folder.datasets.name for record in by_kind[ARTIFACT]):
            refused += opened.log_datasets(folder)
        self._last_time = max((record["time"] for record in records if "time" in record), default=self._last_time)
        return refused

    def send_parts(self, records: Sequence[Record]) -> int:
        """Show parts of the run as runs below it; return how many records tell of none."""
        assert self._family is not None, "the forwarder opens a sink before it sends"
        return self._family.show(records)

    def close(self, status: str) -> None:
        """Give the MLflow run its true end, at the time of the last record; then upload what only an ended run has."""
        opened = self._require_open()
        with self._telling():
            opened.close(status, self._end_time())
        assert self._folder is not None
        opened.artifacts.log_report(self._folder)
        opened.artifacts.log_checkpoints(self._folder, self._checkpoints)
        if status == COMPLETED and self._log_model:
            opened.log_model(self._folder, self._register, self._alias)
        assert self._family is not None
        self._family.settle()

    def guard(self, status: str, wait: Callable[[float], bool]) -> bool:
        """See that `mlflow run` does not call failed what was interrupted."""
        return self._require_open().guard(status, self._end_time(), wait)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say what the user can change, where MLflow does not."""
        try:
            yield
        except AcceleratorError:
            raise
        except Exception as error:  # the border to MLflow and its database's driver
            trouble = import_late("mlflow_trouble").known_trouble(error, self._address)
            if trouble is None:
                raise
            raise SinkError(f"{trouble.text}. {trouble.remedy}.") from error

    def _end_time(self) -> float | None:
        """Return the time of the last record, also where another sink than this has sent it."""
        if self._last_time is not None:
            return self._last_time
        assert self._folder is not None
        times = [record["time"] for record in read_journal(self._folder.journal) if "time" in record]
        return max((time for time in times if isinstance(time, int | float)), default=None)

    def _uri(self, run: TrackedRun) -> str:
        """Return the address: that of before, for a run that MLflow has already, whatever is configured now."""
        before = run.target.get("tracking_uri")
        path = sqlite_path(before) if before else None
        if before is None or (path is not None and not path.exists()):  # the project was moved, or the store deleted
            is_given = "MLFLOW_RUN_ID" in os.environ and "MLFLOW_TRACKING_URI" in os.environ  # by `mlflow run`
            return resolve_uri(None if is_given else self._tracking_uri, os.environ, run.project_root)
        if MASK not in before:
            return before
        now = resolve_uri(self._tracking_uri, os.environ, run.project_root)
        return now if shown_uri(now) == before else resolve_uri(before, {}, run.project_root)

    def _require_open(self) -> "MlflowRun":
        assert self._opened is not None, "the forwarder opens a sink before it sends"
        return self._opened
