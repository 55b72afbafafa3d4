"""One run in MLflow that is written to: parameters, metrics, tags, data, model, its end. Imports MLflow."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from accelerator.errors import StorageError
from accelerator.runs.family import folder_of, run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import Record
from accelerator.runs.model_example import ModelExample
from accelerator.runs.summary import COMPLETED, DIED, FAILED, INTERRUPTED
from accelerator.tracking.mlflow_adoption import KILLED, guard_end
from accelerator.tracking.mlflow_artifacts import MlflowArtifacts
from accelerator.tracking.mlflow_datasets import log_datasets
from accelerator.tracking.mlflow_model import MlflowModels
from accelerator.tracking.mlflow_names import (
    CHANGED_PREFIX,
    LONGEST_PARAMETER,
    LONGEST_TAG,
    MOST_METRICS,
    MOST_PARAMETERS,
    MOST_TAGS,
    RUN_TAG,
    batches,
    mlflow_key,
)
from accelerator.tracking.model_file import trained_model

NOTE, MLFLOW_NOTE = "note", "mlflow.note.content"
"""MLflow shows the second as the run's description."""
EPOCH = "epoch"
STATUSES = {COMPLETED: "FINISHED", FAILED: "FAILED", INTERRUPTED: KILLED, DIED: KILLED}
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
    changed: dict[str, str] = field(default_factory=dict)
    """The tags of parameters that have another value than MLflow keeps."""

    @classmethod
    def of(cls, client: MlflowClient, found: Run, folder: Path) -> Self:
        """Return what writes to a run that was found; `folder` is that of ours."""
        run_id, data = found.info.run_id, found.data
        changed = {name: data.tags[name] for name in data.tags if name.startswith(CHANGED_PREFIX)}
        artifacts = MlflowArtifacts(client, run_id, folder)
        return cls(client, run_id, artifacts, dict(data.params), dict(data.metrics), changed)

    def close(self, status: str, end_time: float | None) -> None:
        """Give the run its end; `end_time` in seconds since 1970, None: now."""
        self.client.set_terminated(self.run_id, STATUSES[status], None if end_time is None else int(end_time * 1000))

    def guard(self, status: str, end_time: float | None, wait: Callable[[float], bool]) -> bool:
        """See for a while that an end stays which no exit code tells of; return what `GuardingSink.guard` does."""
        return STATUSES[status] != KILLED or guard_end(
            self.client, self.run_id, lambda: self.close(status, end_time), wait
        )

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
            tag = f"{CHANGED_PREFIX}{key}"
            known = self.parameters.get(key, new.get(key))
            text = str(record.get("value"))
            value = self.artifacts.pointer(text, record["name"], "parameters", LONGEST_PARAMETER, known or "")
            if known is None:
                new[key] = value
            elif changed.get(tag, self.changed.get(tag, known)) != value:
                changed[tag] = value
        refused = 0
        entities = [Param(key, value) for key, value in new.items()]
        for batch in batches(entities, MOST_PARAMETERS, lambda item: len(item.key) + len(item.value.encode()) + 40):
            refused += self._log_batch(params=batch)
        self.parameters.update(new)
        refused += self.log_tags(changed.items())
        self.changed.update(changed)
        return refused

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
