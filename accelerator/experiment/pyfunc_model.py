"""A trained model as `mlflow.pyfunc.load_model` loads it: from one safetensors file, with no pickle anywhere.

MLflow imports this module by the name that the model's `MLmodel` file holds, and calls `_load_pyfunc`. What the model's
config may name is judged by the present project, as for `accelerator.load_model`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from accelerator.experiment.load_model import load_model
from accelerator.runtime.export.tensors import named_tensors


@final
class PyfuncModel:
    """Takes and gives numpy arrays.

    Args:
        model: the model, in evaluation mode.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return what the model gives: an array, or several by name.

        Args:
            model_input: an array, or for a model of several arguments a mapping of name to array.
            params: taken because MLflow hands it over; this model has none.
        """
        del params
        named = isinstance(model_input, Mapping)
        given = {str(name): _tensor(value) for name, value in model_input.items()} if named else {}
        with torch.no_grad():
            found = self.model(**given) if named else self.model(_tensor(model_input))
        outputs = {name: _array(item) for name, item in named_tensors(found)}
        return outputs[""] if list(outputs) == [""] else outputs


def _load_pyfunc(data_path: str) -> PyfuncModel:
    """Load the model whose file, or folder with the file, MLflow names."""
    path = Path(data_path)
    return PyfuncModel(load_model(path if path.is_file() else next(path.glob("*.safetensors"))))


def _tensor(value: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(value))  # a copy: MLflow's arrays may be read-only


def _array(value: torch.Tensor) -> Any:
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
