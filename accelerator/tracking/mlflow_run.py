"""One run in MLflow: find it or create it, and write to it. Imports MLflow (2 s, 150 MB).

`mlflow_sink` imports it late, after MLflow's environment is set.
"""

import getpass
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from accelerator.errors import StorageError
from accelerator.runs.environment import EXPERIMENT_ID, EXPERIMENT_NAME
from accelerator.runs.family import folder_of, run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import Record
from accelerator.runs.model_example import ModelExample
from accelerator.runs.summary import COMPLETED, DIED, FAILED, INTERRUPTED
from accelerator.tracking.mlflow_adoption import (
    PARENT_TAG,
    active_run,
    given_run,
    is_taken_by,
    place_below_family,
    started_with,
)
from accelerator.tracking.mlflow_artifacts import MlflowArtifacts
from accelerator.tracking.mlflow_datasets import log_datasets
from accelerator.tracking.mlflow_model import MlflowModels
from accelerator.tracking.mlflow_names import (
    LONGEST_PARAMETER,
    LONGEST_TAG,
    MOST_METRICS,
    MOST_PARAMETERS,
    MOST_TAGS,
    RUN_TAG,
    batches,
    mlflow_key,
    quoted,
)
from accelerator.tracking.mlflow_store import sqlite_uri
from accelerator.tracking.model_file import trained_model
from accelerator.tracking.sink import SinkError, TrackedRun

NOTE, MLFLOW_NOTE = "note", "mlflow.note.content"
"""MLflow shows the second as the run's description."""
EPOCH = "epoch"
STATUSES = {COMPLETED: "FINISHED", FAILED: "FAILED", INTERRUPTED: "KILLED", DIED: "KILLED"}
_STEP_LIMIT = 2**63
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MlflowRun:
    """An MLflow run that is written to, and what it has already."""

    client: MlflowClient
    run_id: str
    artifacts: MlflowArtifacts
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    """The newest value of each."""

    def close(self, status: str, end_time: float | None) -> None:
        """Give the run its end; `end_time` in seconds since 1970, None: now."""
        self.client.set_terminated(self.run_id, STATUSES[status], None if end_time is None else int(end_time * 1000))

    def log_model(self, folder: RunFolder, register: str | None, alias: str | None) -> None:
        """Log the trained model, and make a version of the registered model `register` of it.

        A run that only measures or analyses has none, nor has that of a sweep or a pipeline.
        """
        example = ModelExample.read(folder)
        trained = trained_model(folder) if example is not None else None
        if trained is None or example is None:
            if register and run_of_folder(folder_of(folder)).path != folder.path:  # the runs of its parts have models
                _log.warning("no version of %s: %s kept no model with an example of its input", register, folder.path)
            return
        models = MlflowModels(self.client, self.run_id)
        model_id = models.log(trained, example)
        if register:
            models.register(model_id, register, alias)

    def log_datasets(self, folder: RunFolder) -> int:
        """Log the data that the run read; return 1 when that can never be, else 0."""
        try:
            log_datasets(self.client, self.run_id, folder)
        except (StorageError, TypeError, ValueError) as error:
            _log.warning("MLflow is not told of the data: %s", error)
            return 1
        except MlflowException as error:
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            _log.warning("MLflow refuses the data of %s: %s", folder.datasets, error.message)
            return 1
        return 0

    def log_metrics(self, records: Iterable[Record]) -> int:
        """Log points, with the journal's time as theirs; where a new epoch begins, a point of the metric `epoch`."""
        refused = 0
        metrics = []
        for record in records:
            try:
                metrics += [_metric(record), *self._epoch(record)]
            except (OverflowError, TypeError, ValueError) as error:
                _log.warning("MLflow cannot hold %.200s: %s", record, error)
                refused += 1
        for batch in batches(metrics, MOST_METRICS, lambda metric: len(metric.key) + 60):
            refused += self._log_batch(metrics=batch)
        return refused

    def _epoch(self, record: Record) -> list[Metric]:
        """Return a point that says at which step an epoch began; none for an epoch that MLflow knows of."""
        epoch = record.get("epoch")
        if not isinstance(epoch, int) or epoch <= self.metrics.get(EPOCH, -1):
            return []
        self.metrics[EPOCH] = epoch
        return [_metric({**record, "name": EPOCH, "value": epoch})]

    def log_parameters(self, records: Iterable[Record]) -> int:
        """Log parameters; one whose value has changed (a resume with overrides) becomes the tag `changed.<key>`."""
        new: dict[str, str] = {}
        changed: dict[str, str] = {}
        for record in records:
            key = mlflow_key(record["name"])
            known = self.parameters.get(key, new.get(key))
            text = str(record.get("value"))
            value = self.artifacts.pointer(text, record["name"], "parameters", LONGEST_PARAMETER, known or "")
            if known is None:
                new[key] = value
            elif known != value:
                changed[f"changed.{key}"] = value
        refused = 0
        entities = [Param(key, value) for key, value in new.items()]
        for batch in batches(entities, MOST_PARAMETERS, lambda item: len(item.key) + len(item.value.encode()) + 40):
            refused += self._log_batch(params=batch)
        self.parameters.update(new)
        return refused + self.log_tags(changed.items())

    def log_tags(self, tags: Iterable[tuple[str, Any]]) -> int:
        """Log tags; a later value replaces an earlier one. The tag that a run is found again by is not theirs."""
        texts = [(name, self.artifacts.pointer(str(value), name, "tags", LONGEST_TAG)) for name, value in tags]
        entities = [RunTag(key, text) for name, text in texts if (key := mlflow_key(name)) != RUN_TAG]
        entities += [RunTag(MLFLOW_NOTE, text) for name, text in texts if name == NOTE]
        refused = 0
        for batch in batches(entities, MOST_TAGS, lambda item: len(item.key) + len(item.value.encode()) + 40):
            refused += self._log_batch(tags=batch)
        return refused

    def _log_batch(
        self, metrics: Sequence[Metric] = (), params: Sequence[Param] = (), tags: Sequence[RunTag] = ()
    ) -> int:
        """Log one batch; when MLflow refuses it for good, one by one, so that only what is wrong stays out."""
        try:
            self.client.log_batch(self.run_id, metrics, params, tags)
            return 0
        except MlflowException as error:
            items: list[Metric | Param | RunTag] = [*metrics, *params, *tags]
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            if len(items) == 1:
                _log.warning("MLflow refuses %s = %.200s: %s", items[0].key, items[0].value, error.message)
                return 1
        refused = sum(self._log_batch(metrics=[item]) for item in metrics)
        refused += sum(self._log_batch(params=[item]) for item in params)
        return refused + sum(self._log_batch(tags=[item]) for item in tags)


def _metric(record: Record) -> Metric:
    if abs(record["step"]) >= _STEP_LIMIT:
        raise OverflowError("the step has more than 63 bits")
    return Metric(mlflow_key(record["name"]), float(record["value"]), int(record.get("time", 0) * 1000), record["step"])


def open_run(client: MlflowClient, run: TrackedRun, experiment: str, artifacts: Path | None) -> tuple[Run, str]:
    """Return the MLflow run of `run`, found, taken over or created, marked as running; and its experiment's name.

    Raises:
        SinkError: the experiment was deleted.
    """
    found = find_run(client, run) or _first_run(client, run, experiment, artifacts)
    if found.info.status != "RUNNING":
        client.update_run(found.info.run_id, status="RUNNING")
    place_below_family(client, run, found)
    return found, str(client.get_experiment(found.info.experiment_id).name)


def find_run(client: MlflowClient, run: TrackedRun) -> Run | None:
    """Return the MLflow run that was written before, if the store has it.

    What `tracking.json` remembers is believed of a run that bears this run's tag: the file may come from a stranger,
    and would let the journal be written into any other run of the store.
    """
    remembered = run.target.get("run_id")
    found = active_run(client, remembered) if remembered else None
    if found is not None and found.data.tags.get(RUN_TAG) != run.run_id:
        _log.warning("the run %s was not made for %s: it is left alone", remembered, run.run_id)
        return None
    return found


def _first_run(client: MlflowClient, run: TrackedRun, experiment: str, artifacts: Path | None) -> Run:
    given = given_run(client, run)
    if given is not None and is_taken_by(client, given, run):
        return given
    tags = {RUN_TAG: run.run_id, **_source_tags(run)}
    if given is None:
        experiment_id = ensure_experiment(client, run, experiment, artifacts)
    else:
        experiment_id = str(given.info.experiment_id)
        tags[PARENT_TAG] = given.info.run_id
    return search_run(client, run, [experiment_id]) or client.create_run(
        experiment_id, start_time=int(run.start_time * 1000), tags=tags, run_name=run.run_id
    )


def search_run(client: MlflowClient, run: TrackedRun, experiment_ids: list[str]) -> Run | None:
    """Return the MLflow run that a forwarder created before it could remember it."""
    return run_tagged(client, run.run_id, experiment_ids)


def run_tagged(client: MlflowClient, key: str, experiment_ids: list[str]) -> Run | None:
    """Return the run of these experiments that bears our tag with the value `key`."""
    found = client.search_runs(experiment_ids, f"tags.`{RUN_TAG}` = {quoted(key)}", max_results=1)
    return found[0] if found else None


def ensure_experiment(client: MlflowClient, run: TrackedRun, name: str, artifacts: Path | None) -> str:
    """Return the experiment's id; MLFLOW_EXPERIMENT_NAME and _ID come before `name`."""
    given_name, given_id = started_with(run, EXPERIMENT_NAME), started_with(run, EXPERIMENT_ID)
    name = given_name or name
    if given_id and not given_name and (given_id == os.environ.get(EXPERIMENT_ID) or _has(client, given_id)):
        return str(client.get_experiment(given_id).experiment_id)
    found = client.get_experiment_by_name(name)
    if found is None:
        place = artifacts / mlflow_key(name).replace("/", "_") if artifacts else None
        try:
            return str(client.create_experiment(name, place.as_uri() if place else None))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)  # created by another run in this moment
    if found is None or found.lifecycle_stage != "active":
        raise SinkError(
            f"The MLflow experiment '{name}' was deleted. Restore it (`mlflow experiments restore`), or choose another "
            f"with tracking.experiment=NAME."
        )
    return str(found.experiment_id)


def _has(client: MlflowClient, experiment_id: str) -> bool:
    """Tell whether this store has an experiment: a run may be sent to another one than it was started for."""
    try:
        client.get_experiment(experiment_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return True


def _source_tags(run: TrackedRun) -> dict[str, str]:
    environment = run.environment
    tags = {"mlflow.source.name": str(environment.get("command", "accelerator")), "mlflow.source.type": "LOCAL"}
    git = environment.get("git")
    if isinstance(git, dict) and git.get("commit"):
        tags["mlflow.source.git.commit"] = str(git["commit"])
    tags["mlflow.user"] = _user()
    return {name: _shorten(value) for name, value in tags.items()}


def _shorten(value: str) -> str:
    return value if len(value) <= LONGEST_TAG else f"{value[: LONGEST_TAG - 1]}…"


def create_store(path: Path) -> None:
    """Make a SQLite store at `path`, as MLflow does when it is first asked for anything.

    Its experiment `Default` keeps files where MLflow wants them; each of ours has a place of its own from its start.
    """
    MlflowClient(sqlite_uri(path)).search_experiments(max_results=1)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user that has no name
        return str(os.getuid())
