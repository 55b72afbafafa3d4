"""Models of runs, for use."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from accelerator.components import component
from accelerator.config.project import Project
from accelerator.errors import CheckpointError, ConfigError, InputError
from accelerator.experiment.load_model import load_model
from accelerator.experiment.train import run
from accelerator.runs.run import Run
from tests.unit.experiment.conftest import QUICK

OF_TRAINING = (
    "runtime.loop",
    "runtime.context",
    "runtime.assembly",
    "runtime.data",
    "runtime.optimization",
    "domain.cv",
)


def test_a_model_comes_with_its_weights_in_evaluation_mode(trained: Project, trained_run: Run) -> None:
    model = load_model("last", project=trained.root)

    saved = load_file(trained_run.folder.checkpoints / "step-00000010" / "model.safetensors")
    assert not model.training
    assert all(item.equal(saved[name]) for name, item in model.state_dict().items())


@pytest.mark.parametrize("inside", ["", "checkpoints/step-00000005"])
def test_a_path_names_a_run_or_a_checkpoint(inside: str, trained: Project, trained_run: Run) -> None:
    step = inside.rpartition("/")[2] or "step-00000010"

    model = load_model(trained_run.folder.path / inside, project=trained.root)

    saved = load_file(trained_run.folder.checkpoints / step / "model.safetensors")
    assert all(item.equal(saved[name]) for name, item in model.state_dict().items())


def test_the_best_checkpoint_can_be_asked_for(trained: Project, trained_run: Run) -> None:
    (trained_run.folder.checkpoints / "best").write_text("step-00000005\n", encoding="utf-8")

    best = load_model("last", "best", project=trained.root)
    last = load_model("last", "last", project=trained.root)

    saved = load_file(trained_run.folder.checkpoints / "step-00000005" / "model.safetensors")
    assert all(item.equal(saved[name]) for name, item in best.state_dict().items())
    assert not all(item.equal(saved[name]) for name, item in last.state_dict().items())


def test_what_the_data_said_is_remembered(tmp_path: Path) -> None:
    summary = run(*QUICK, "model=resnet8", "train.steps=1", project=tmp_path)

    model = load_model(str(summary.run_folder), project=tmp_path)

    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_a_lazy_model_gets_its_shapes_from_the_weights(tmp_path: Path) -> None:
    summary = run(*QUICK, "train.steps=1", project=tmp_path)

    model = load_model(str(summary.run_folder), project=tmp_path)

    assert [tuple(item.shape) for item in model.parameters()] == [(128, 64), (128,), (10, 128), (10,)]
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_nothing_of_training_is_imported(trained: Project, trained_run: Run) -> None:
    code = (
        "import sys; from accelerator import load_model; "
        f"load_model({str(trained_run.folder.path)!r}); "
        f"print(*(name for name in sys.modules for part in {OF_TRAINING} if name.startswith('accelerator.' + part)))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=trained.root, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_the_global_random_generator_is_left_alone(trained: Project) -> None:
    before = torch.get_rng_state()

    load_model("last", project=trained.root)

    assert torch.get_rng_state().equal(before)


def test_components_of_the_session_are_found_by_name(trained: Project, trained_run: Run) -> None:
    @component("model", "mlp")
    def other_mlp(num_classes: int, hidden: list[int], in_features: int) -> torch.nn.Module:
        return torch.nn.Linear(num_classes, hidden[0])

    with pytest.raises(ConfigError, match="they do not fit the model"):
        load_model("last", components=[other_mlp], project=trained.root)


def test_what_is_no_model_is_refused(trained: Project) -> None:
    @component("model", "mlp")
    def no_model(num_classes: int, hidden: list[int], in_features: int) -> int:
        return num_classes

    with pytest.raises(ConfigError, match="mlp gives a int, and a torch.nn.Module is needed"):
        load_model("last", components=[no_model], project=trained.root)


def test_a_config_cannot_trust_itself(trained: Project, trained_run: Run) -> None:
    text = trained_run.folder.config.read_text(encoding="utf-8").replace("_target_: mlp", "_target_: json.tool.main")
    trained_run.folder.config.write_text(text.replace("trust:", "trust:\n- json.tool.main"), encoding="utf-8")

    with pytest.raises(ConfigError, match="'json.tool.main' is not trusted"):
        load_model("last", project=trained.root)


def test_a_damaged_checkpoint_is_an_error(trained: Project, trained_run: Run) -> None:
    (trained_run.folder.checkpoints / "step-00000010" / "model.safetensors").write_bytes(b"")

    with pytest.raises(CheckpointError, match="model.safetensors is damaged"):
        load_model("last", project=trained.root)


def test_a_run_without_a_checkpoint_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "outputs" / "a" / "20261123-101502-3fa2b1" / "journal").mkdir(parents=True)

    with pytest.raises(InputError, match="has no checkpoint"):
        load_model("last", project=tmp_path)
