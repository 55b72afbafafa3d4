"""The public names of `accelerator`: frozen, lazy, and the same for Python and for type checkers."""

import subprocess
import sys

import pytest

import accelerator
from tests.house.source import PACKAGE, Module

PUBLIC = [
    "AcceleratorError",
    "Callback",
    "CheckpointError",
    "ComponentError",
    "ConfigError",
    "Context",
    "DataNotFoundError",
    "DataSplits",
    "Engine",
    "InputError",
    "LossValue",
    "NonFiniteError",
    "Run",
    "RunFailedError",
    "RunLockedError",
    "RunNotFoundError",
    "StepContext",
    "StepResult",
    "StorageError",
    "Task",
    "TrainLoop",
    "UsageError",
    "component",
    "compose",
    "gives",
    "load_model",
    "run",
]
HEAVY = ["fire", "hydra", "mlflow", "numpy", "omegaconf", "rich", "sklearn", "torch"]


def test_the_public_names_change_only_on_purpose() -> None:
    assert accelerator.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_what_its_module_calls_so(name: str) -> None:
    assert getattr(accelerator, name).__name__ == name


def test_completion_shows_the_public_names() -> None:
    assert set(PUBLIC) <= set(dir(accelerator))


def test_an_unknown_name_is_an_error_that_lists_the_public_ones() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Trainer'. Public: AcceleratorError, Callback"):
        accelerator.Trainer


def test_type_checkers_and_python_find_a_name_in_the_same_module() -> None:
    facade = Module(PACKAGE / "__init__.py")

    seen_by_checkers = {name: item.target for item in facade.imports if item.when == "checking" for name in item.names}

    assert seen_by_checkers == accelerator._MODULES
    assert sorted(seen_by_checkers) == accelerator.__all__


def test_every_exception_of_errors_is_public() -> None:
    errors = {node.name for node in Module(PACKAGE / "errors.py").classes if node.name.endswith("Error")}

    assert errors <= set(accelerator.__all__)


@pytest.mark.parametrize("statement", ["import accelerator", "from accelerator import ConfigError, component"])
def test_importing_costs_no_heavy_library(statement: str) -> None:
    code = f"import sys; {statement}; print(*(name for name in {HEAVY} if name in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
