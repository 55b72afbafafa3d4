"""The trained model in MLflow: logged with signature and input example, without a pickle, and registered.

Doing it again changes nothing: a logged model and a version are found by the tensors' hash before one is made.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec
from safetensors.numpy import load_file

from accelerator.runs.environment import OUR_DISTRIBUTION
from accelerator.runs.model_example import ModelExample
from accelerator.tracking.mlflow_names import quoted
from accelerator.tracking.model_file import TrainedModel

NAME = "model"
DIGEST_TAG = "accelerator.model_sha256"
LOADER = "accelerator.experiment.pyfunc_model"


@dataclass(frozen=True)
class MlflowModels:
    """Logs the models of one MLflow run."""

    client: MlflowClient
    run_id: str

    def log(self, trained: TrainedModel, example: ModelExample) -> str:
        """Log the model of a checkpoint, unless MLflow has it; return the id of the logged model."""
        run = self.client.get_run(self.run_id)
        experiment = run.info.experiment_id
        found = self._find(experiment, trained.digest)
        if found is not None and str(found.status) == "READY":
            return str(found.model_id)
        model = found or self.client.create_logged_model(
            experiment, NAME, self.run_id, tags={DIGEST_TAG: trained.digest}
        )
        with tempfile.TemporaryDirectory(prefix="accelerator-") as folder:
            path = Path(folder) / NAME
            self._save(trained, example, path, model.model_id)
            self.client.log_model_artifacts(model.model_id, str(path))
        outputs = run.outputs.model_outputs if run.outputs is not None else []
        if model.model_id not in [item.model_id for item in outputs]:  # MLflow would add it a second time
            self.client.log_outputs(self.run_id, [LoggedModelOutput(model.model_id, trained.step)])
        self.client.finalize_logged_model(model.model_id, "READY")
        return str(model.model_id)

    def register(self, model_id: str, name: str, alias: str | None) -> None:
        """Make a version of the registered model `name`, unless there is one of this model, and point `alias` at it."""
        try:
            self.client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"models:/{model_id}"
        versions = self.client.search_model_versions(f"name = {quoted(name)} and run_id = '{self.run_id}'")
        version = next((item for item in versions if item.source == source), None)
        if version is None:
            version = self.client.create_model_version(name, source, self.run_id, model_id=model_id)
        if alias:
            self.client.set_registered_model_alias(name, alias, version.version)

    def _find(self, experiment: str, digest: str) -> LoggedModel | None:
        query = f"source_run_id = '{self.run_id}' and tags.`{DIGEST_TAG}` = '{digest}'"
        found = self.client.search_logged_models([experiment], query, max_results=1)
        return found[0] if found else None

    def _save(self, trained: TrainedModel, example: ModelExample, path: Path, model_id: str) -> None:
        with tempfile.TemporaryDirectory(prefix="accelerator-") as folder:
            file = Path(folder) / f"{NAME}.safetensors"
            trained.write(file)
            mlflow.pyfunc.save_model(
                path,
                loader_module=LOADER,
                data_path=str(file),
                mlflow_model=Model(run_id=self.run_id, model_id=model_id),
                signature=ModelSignature(_schema(example.inputs), _schema(example.outputs)),
                input_example=_example(load_file(example.tensors(trained.folder))),
                pip_requirements=[f"{OUR_DISTRIBUTION}=={metadata.version(OUR_DISTRIBUTION)}"],
            )


def _schema(tensors: Iterable[Mapping[str, Any]]) -> Schema:
    found = list(tensors)
    named = len(found) > 1
    return Schema(
        [TensorSpec(np.dtype(item["dtype"]), tuple(item["shape"]), item["name"] if named else None) for item in found]
    )


def _example(tensors: Mapping[str, Any]) -> Any:
    return dict(tensors) if len(tensors) > 1 else next(iter(tensors.values()))
