"""A run folder is read and written by what starts fast: no torch, numpy, MLflow, Hydra or psutil on import."""

import subprocess
import sys

HEAVY = {"torch", "numpy", "mlflow", "hydra", "omegaconf", "yaml", "psutil", "pandas"}


def test_the_room_imports_nothing_heavy() -> None:
    code = "import pkgutil, sys, importlib, accelerator.runs as room\n"
    code += (
        "[importlib.import_module(f'accelerator.runs.{item.name}') for item in pkgutil.iter_modules(room.__path__)]\n"
    )
    code += "print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert "accelerator.runs.delivery" in loaded
    assert HEAVY & set(loaded) == set()
