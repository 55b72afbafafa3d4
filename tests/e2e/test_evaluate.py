"""Evaluating a run, predicting with it and exporting it, in processes of their own."""

import json
import sys
from pathlib import Path

import onnxruntime
import pyarrow.parquet as pq
import pytest
import torch

from accelerator.experiment.load_model import load_model
from tests.e2e.command import accelerator

QUICK = ("experiment=digits_resnet", "model=mlp", "model.in_features=64", "tracking=none", "train.epochs=1")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module_without_verb = (sys.executable, "-m", "accelerator.cli.experiment")
    ended = accelerator(*QUICK, cwd=tmp_path_factory.mktemp("project"), form=module_without_verb)
    assert (ended.code, ended.err) == (0, "")
    return Path(ended.last_line)


def test_an_evaluation_repeats_the_runs_own_test_in_a_folder_of_its_own(trained: Path) -> None:
    ended = accelerator("experiment", "evaluate", trained.name, cwd=trained.parents[2])

    assert (ended.code, ended.err) == (0, "")
    summary, own = (json.loads((path / "summary.json").read_text()) for path in (trained, Path(ended.last_line)))
    assert own["parent"] == trained.name
    assert own["metrics"] == {name: value for name, value in summary["metrics"].items() if name.startswith("test/")}
    assert "\ntest/accuracy " in ended.out


def test_split_and_checkpoint_can_be_chosen(trained: Path) -> None:
    arguments = ["evaluate", str(trained), "--split", "validation", "--checkpoint=best", "loader.batch_size=50"]

    ended = accelerator("experiment", *arguments, cwd=trained.parents[2])

    assert (ended.code, ended.err) == (0, "")
    assert "\nvalidation/accuracy " in ended.out
    assert "test/" not in ended.out


def test_predictions_are_written_and_the_run_folder_is_the_last_line(trained: Path, tmp_path: Path) -> None:
    ended = accelerator(
        "experiment", "predict", "last", "--output", str(tmp_path / "p.parquet"), cwd=trained.parents[2]
    )

    assert (ended.code, ended.err) == (0, "")
    assert f"Predictions of 359 samples: {tmp_path / 'p.parquet'}" in ended.out
    assert json.loads((Path(ended.last_line) / "summary.json").read_text())["parent"] == trained.name
    assert pq.read_metadata(tmp_path / "p.parquet").num_rows == 359


def test_an_export_for_onnx_runs_elsewhere_and_gives_the_same(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"

    ended = accelerator("experiment", "export", "last", "--format", "onnx", f"--output={path}", cwd=trained.parents[2])

    assert (ended.code, ended.err) == (0, "")
    report = json.loads((Path(ended.last_line) / "export.json").read_text())
    assert f"Largest difference between the outputs on a real batch: {report['max_abs_difference']:.3g} (" in ended.out
    images = torch.rand(5, 1, 8, 8)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (exported,) = session.run(["output"], {"input": images.numpy()})
    with torch.no_grad():
        original = load_model(trained, project=trained.parents[2])(images)
    torch.testing.assert_close(torch.from_numpy(exported), original, atol=1e-5, rtol=1e-5)


def test_without_a_file_predict_exits_2(trained: Path) -> None:
    ended = accelerator("experiment", "predict", "last", cwd=trained.parents[2])

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "accelerator experiment predict: --output is missing. Write --output FILE.parquet.\n"


def test_an_unknown_split_exits_2(trained: Path) -> None:
    ended = accelerator("experiment", "evaluate", "last", "--split", "tset", cwd=trained.parents[2])

    assert (ended.code, ended.out) == (2, "")
    assert "--split cannot be 'tset'. Did you mean 'test'?" in ended.err
