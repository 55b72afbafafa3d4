"""The data that a run read, as inputs of its MLflow run. MLflow knows one by name and digest: a second time is none."""

import hashlib
import json
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.types import Schema, TensorSpec

from accelerator.runs.datasets import DatasetFacts, Field, read_datasets
from accelerator.runs.folder import RunFolder
from accelerator.runs.run import Run

CONTEXT_TAG = "mlflow.data.context"
_TARGET = "target"
_LONGEST_NAME, _LONGEST_SOURCE = 500, 65_535


def log_datasets(client: MlflowClient, run_id: str, folder: RunFolder) -> None:
    """Log what `datasets.json` says: one input for each set, with its split as the context.

    Sets that are equal, as those of `debug=overfit`, are one input of several contexts. What cannot be read by its
    index has the digest of its config.

    Raises:
        StorageError, TypeError, ValueError: the file is damaged.
        MlflowException: the store refuses.
    """
    node = Run(folder.path).config.get("data")
    contexts: dict[str, list[str]] = {}
    datasets = {}
    for facts in read_datasets(folder):
        found = _dataset(facts, node)
        datasets[found.digest] = found
        contexts.setdefault(found.digest, []).append(_context(facts))
    inputs = [DatasetInput(item, [InputTag(CONTEXT_TAG, ", ".join(contexts[key]))]) for key, item in datasets.items()]
    if inputs:
        client.log_inputs(run_id, inputs)


def _context(facts: DatasetFacts) -> str:
    return f"{facts.split}/{facts.dataset}" if facts.dataset else facts.split


def _dataset(facts: DatasetFacts, node: Any) -> Dataset:
    name = str(node.get("_target_") or "data") if isinstance(node, dict) else "data"
    config = json.dumps(node, default=str, sort_keys=True)
    source = json.dumps({"tags": {"data": config}})
    profile = {"num_rows": facts.size, "samples_in_digest": facts.samples_read}
    return Dataset(
        name[:_LONGEST_NAME],
        facts.digest or hashlib.sha256(f"{_context(facts)}\0{config}".encode()).hexdigest()[:32],
        "code",
        source if len(source) <= _LONGEST_SOURCE else json.dumps({"tags": {"data": name[:_LONGEST_NAME]}}),
        json.dumps(_schema(facts)) if facts.fields else None,
        json.dumps({key: value for key, value in profile.items() if value is not None}),
    )


def _schema(facts: DatasetFacts) -> dict[str, Any]:
    targets = [item for item in facts.fields if item.name == _TARGET]
    features = [item for item in facts.fields if item.name != _TARGET] or targets
    return {
        "mlflow_tensorspec": {
            "features": _spec(features).to_json(),
            "targets": _spec(targets).to_json() if targets and features is not targets else None,
        }
    }


def _spec(fields: list[Field]) -> Schema:
    return Schema(
        [
            TensorSpec(np.dtype("object" if item.shape is None else item.dtype), (-1, *(item.shape or ())), item.name)
            for item in fields
        ]
    )
