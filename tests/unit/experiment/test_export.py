"""Models of runs in files for others."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment import Experiment
from accelerator.config.project import Project
from accelerator.errors import CheckpointError, ConfigError, InputError
from accelerator.experiment.export import Format, export
from accelerator.experiment.load_model import load_model
from accelerator.runs.run import Run

MODELS = """
import torch

from accelerator.domain.cross.mlp import MLP
from accelerator.domain.cross.tasks import ClassificationTask


class Noisy(MLP):
    def forward(self, input):
        return super().forward(input) + torch.randn(10)


class Fixed(MLP):
    def forward(self, input):
        return super().forward(input) * int(input.shape[0])


class Choosing(MLP):
    def forward(self, input):
        scores = super().forward(input)
        return scores if scores.sum() > 0 else -scores


class Mute(MLP):
    def forward(self, input):
        return []


class Guess(ClassificationTask):
    def prediction_step(self, context, batch):
        return {"prediction": torch.zeros(len(batch["target"]))}


class Silent(ClassificationTask):
    def prediction_step(self, context, batch):
        context.model(batch["input"])
        return {}
"""


OPENERS: dict[str, Callable[[Path, Project], Any]] = {
    "safetensors": lambda path, project: load_model(path, project=project.root),
    "torch_export": lambda path, _project: torch.export.load(path).module(),
}
"""Those for ONNX cost seconds to import: tests/e2e has that."""


@pytest.fixture
def own_models(trained: Project) -> Project:
    (trained.root / "pyproject.toml").write_text('[project]\nname = "own_models"\n')
    (trained.root / "own_models.py").write_text(MODELS)
    sys.modules.pop("own_models", None)
    return trained


@pytest.mark.parametrize(("format", "suffix"), [("safetensors", "safetensors"), ("torch_export", "pt2")])
def test_the_file_is_the_model_for_any_batch_size(
    format: Format, suffix: str, trained: Project, trained_run: Run, tmp_path: Path
) -> None:
    lines: list[str] = []
    path = tmp_path / "out" / f"model.{suffix}"

    outcome = export("last", output=path, format=format, project=trained, say=lines.append)

    images = torch.rand(5, 1, 8, 8)
    with torch.no_grad():
        original, exported = (
            model(images) for model in (load_model("last", project=trained.root), OPENERS[format](path, trained))
        )
    torch.testing.assert_close(exported, original, atol=1e-5, rtol=1e-5)
    report = json.loads((outcome.folder.path / "export.json").read_text())
    assert (report["compared_samples"], report["dynamic_batch"], report["inputs"]) == ([179, 1], True, ["input"])
    assert (outcome.exit_code, outcome.summary.parent) == (0, trained_run.name)
    assert outcome.summary.metrics["export/max_abs_difference"] == report["max_abs_difference"] < 1e-5
    records = [json.loads(line) for line in (outcome.folder.journal / "rank-0.jsonl").read_text().splitlines()]
    assert [item["path"] for item in records if item["kind"] == "artifact"][-1:] == ["export.json"]
    assert [item["name"] for item in records if item["kind"] == "metric"] == ["export/max_abs_difference"]
    assert lines[-1] == f"The model, {path.stat().st_size} bytes: {path}"
    assert lines[-2].startswith("Largest difference between the outputs on a real batch: ")
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_the_checkpoint_can_be_chosen(trained: Project, trained_run: Run, tmp_path: Path) -> None:
    (trained_run.folder.checkpoints / "best").write_text("step-00000005\n", encoding="utf-8")

    export("last", output=tmp_path / "m.safetensors", checkpoint="best", project=trained)

    saved = load_file(trained_run.folder.checkpoints / "step-00000005" / "model.safetensors")
    exported = load_file(tmp_path / "m.safetensors")
    assert exported.keys() == saved.keys()
    assert all(item.equal(saved[name]) for name, item in exported.items())


def test_a_file_that_is_there_is_not_replaced(trained: Project, trained_run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_text("mine")

    with pytest.raises(InputError, match="exists already"):
        export("last", output=tmp_path / "m.onnx", format="onnx", project=trained)
    assert (tmp_path / "m.onnx").read_text() == "mine"
    assert [path.name for path in trained_run.folder.path.parent.iterdir()] == [trained_run.name]


def test_outputs_that_differ_fail_the_export_and_leave_no_file(own_models: Project, tmp_path: Path) -> None:
    outcome = export("last", ["model._target_=own_models.Noisy"], output=tmp_path / "m.safetensors", project=own_models)

    assert outcome.exit_code == 1
    assert "The exported model's outputs differ from the original's by up to" in outcome.reason
    assert f"{tmp_path / 'm.safetensors'} was not written" in outcome.reason
    assert outcome.summary.metrics["export/max_abs_difference"] > 0.1
    assert not list(tmp_path.glob("*m.safetensors*"))


def test_a_model_that_counts_its_batch_is_exported_for_that_size(own_models: Project, tmp_path: Path) -> None:
    lines: list[str] = []
    overrides = ["model._target_=own_models.Fixed", "loader.evaluation_batch_size=3"]

    outcome = export(
        "last", overrides, output=tmp_path / "m.pt2", format="torch_export", project=own_models, say=lines.append
    )

    assert outcome.exit_code == 0
    assert lines[-2].startswith("It takes batches of 3 samples alone, because ")
    assert lines[-2].endswith("Choose another size with loader.evaluation_batch_size=1")
    graph = torch.export.load(tmp_path / "m.pt2")
    assert graph.module()(torch.rand(3, 1, 8, 8)).shape == (3, 10)
    assert graph.example_inputs is not None
    assert [float(item.abs().max()) for item in graph.example_inputs[0]] == [0.0], "a sample of the data is in the file"


@pytest.mark.parametrize(
    ("override", "code", "reason"),
    [
        ("model._target_=own_models.Choosing", 1, "torch.export cannot follow Choosing: "),
        ("task._target_=own_models.Guess", 2, "prediction_step of Guess does not call the model"),
    ],
)
def test_what_cannot_be_exported_says_why(
    override: str, code: int, reason: str, own_models: Project, tmp_path: Path
) -> None:
    outcome = export("last", [override], output=tmp_path / "m.pt2", format="torch_export", project=own_models)

    assert outcome.exit_code == code
    assert reason in outcome.reason
    assert not list(tmp_path.glob("*m.pt2*"))


def test_a_model_without_outputs_is_refused(own_models: Project, tmp_path: Path) -> None:
    outcome = export(
        "last",
        ["model._target_=own_models.Mute", "task._target_=own_models.Silent"],
        output=tmp_path / "m.pt2",
        project=own_models,
    )

    assert outcome.exit_code == 2
    assert "model: Mute gives no tensor" in outcome.reason


def test_without_the_extra_onnx_is_refused_with_what_to_install(
    trained: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)  # type: ignore[arg-type]

    with pytest.raises(InputError) as caught:
        export("last", output=tmp_path / "m.onnx", format="onnx", project=trained)

    assert str(caught.value) == (
        "export: --format onnx needs onnxscript, which is not installed. "
        "Install the extra: python -m pip install 'accelerator-framework[onnx]'"
    )


def test_an_unknown_format_is_refused_with_the_nearest(trained: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no format 'onx'. Did you mean 'onnx'"):
        export("last", output=tmp_path / "m", format="onx", project=trained)  # type: ignore[arg-type]


def test_the_command_needs_an_output(trained: Project, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["experiment", "export", "last", "--project", str(trained.root)]

    assert run_command({"experiment": Experiment}, command) == 2
    assert capsys.readouterr().err == "accelerator experiment export: --output is missing. Write --output FILE.\n"


def test_tensors_without_a_config_are_no_model(trained: Project, tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")

    with pytest.raises(CheckpointError, match=r"holds tensors and no config .* add weights=.*other.safetensors"):
        load_model(tmp_path / "other.safetensors", project=trained.root)


@pytest.mark.parametrize(
    ("config", "error", "text"),
    [
        ("model: {_target_: os.system, command: touch canary}", ConfigError, "os.system"),
        ("name: nothing", ConfigError, "no model is described there"),
    ],
)
def test_a_strangers_file_is_judged_by_the_present_project(
    config: str, error: type[Exception], text: str, trained: Project, tmp_path: Path
) -> None:
    header = {"format_version": 1, "config": config, "facts": {}, "run": "", "step": 1, "aliases": {}}
    save_file({"weight": torch.zeros(2)}, tmp_path / "m.safetensors", {"accelerator": json.dumps(header)})

    with pytest.raises(error, match=text):
        load_model(tmp_path / "m.safetensors", project=trained.root)
    assert not Path("canary").exists()
