"""The trained model in MLflow: loaded back by MLflow alone in a process of its own, and a version in the registry."""

import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.e2e.command import accelerator, clean_environment

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")

LOAD_BACK = """
import mlflow, torch
from accelerator import load_model
mlflow.set_tracking_uri("sqlite:///mlflow.db")
model = mlflow.pyfunc.load_model("models:/handwriting@newest")
found = model.predict(model.input_example)
expected = load_model("last")(torch.tensor(model.input_example)).detach().numpy()
print(found.shape, (found == expected).all(), model.metadata.signature.inputs.inputs[0].shape)
"""


def test_a_logged_model_gives_the_original_outputs_through_pyfunc(project: Path) -> None:
    training = (
        "experiment=digits_resnet",
        "train.steps=2",
        "tracking.register=handwriting",
        "tracking.checkpoints=best",
    )
    accelerator("experiment", "train", *training, cwd=project)
    synced = accelerator("experiment", "sync", "last", cwd=project)
    again = accelerator("experiment", "sync", "last", cwd=project)
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD_BACK],
        cwd=project,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    client = MlflowClient(f"sqlite:///{project}/mlflow.db")
    versions = client.search_model_versions("name = 'handwriting'")
    files = {path.name for path in (project / "mlartifacts" / "digits" / "models").rglob("*") if path.is_file()}
    run = client.get_run(versions[0].run_id or "")

    assert (synced.code, again.code, run.info.status) == (0, 0, "FINISHED")
    assert loaded.stdout == "(2, 10) True (-1, 1, 8, 8)\n", loaded.stderr
    newest = client.get_model_version_by_alias("handwriting", "newest")
    assert [item.version for item in versions] == [newest.version]
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt"))]
    assert "model.safetensors" in files
    assert [item.path for item in client.list_artifacts(run.info.run_id, "checkpoints")] == [
        "checkpoints/best",
        "checkpoints/step-00000002",
    ]
