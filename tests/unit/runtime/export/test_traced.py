"""Calls of models as graphs, and as ONNX files."""

from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor

from accelerator.errors import RunFailedError
from accelerator.runtime.export.model_call import ModelCall
from accelerator.runtime.export.onnx_file import open_onnx, write_onnx
from accelerator.runtime.export.traced import trace


class Scored(torch.nn.Module):
    """Takes a mapping and an argument by name; gives two outputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, features: dict[str, Tensor], *, mask: Tensor) -> dict[str, Tensor]:
        scores = self.layer(features["pixels"])
        return {"scores": scores, "masked": scores * mask}


def _call(samples: int) -> ModelCall:
    return ModelCall(Scored().eval(), ({"pixels": torch.rand(samples, 4)},), {"mask": torch.ones(samples, 1)}, samples)


class Branching(torch.nn.Module):
    """Depends on values."""

    def forward(self, input: Tensor) -> Tensor:
        return input if input.sum() > 0 else -input


def test_a_model_that_is_refused_is_told_in_words_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RunFailedError, match=r"torch.export cannot follow Branching: .*export its weights"):
        trace(ModelCall(Branching(), (torch.ones(2, 4),), {}, 2))

    assert capsys.readouterr() == ("", "")


def test_nested_inputs_keep_their_batch_open_also_after_a_single_sample(tmp_path: Path) -> None:
    call = _call(1)

    traced = trace(call)
    write_onnx(traced, tmp_path / "m.onnx", ["scores", "masked"])

    wider = call.of_samples(3)
    outputs = open_onnx(tmp_path / "m.onnx")(*wider.args, **wider.kwargs)
    wanted = wider.outputs()
    graph = onnx.load(tmp_path / "m.onnx").graph
    dimensions = {item.name: item.type.tensor_type.shape.dim[0].dim_param for item in (*graph.input, *graph.output)}
    assert traced.is_dynamic
    assert call.input_names == ["features.pixels", "mask"]
    assert dimensions == {name: "batch" for name in ("features_pixels", "mask", "scores", "masked")}
    torch.testing.assert_close(outputs, [wanted["scores"], wanted["masked"]])
