"""ONNX files: what is refused before anything is written."""

from pathlib import Path

import pytest
import torch

from accelerator.errors import RunFailedError
from accelerator.runtime.export.onnx_file import write_onnx
from accelerator.runtime.export.traced import Traced

TWO_GB = 2**29  # numbers in fp32


class _Weights(torch.nn.Module):
    """Adds up all of one large tensor, which takes no memory."""

    def __init__(self, size: int, *, is_saved: bool) -> None:
        super().__init__()
        self.register_buffer("weights", torch.empty(size, device="meta"), persistent=is_saved)
        self.weights: torch.Tensor

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return input + self.weights.sum()


@pytest.mark.parametrize("is_saved", [True, False], ids=["in the state_dict", "a constant"])
def test_two_gigabytes_are_refused_before_anything_is_written(tmp_path: Path, is_saved: bool) -> None:
    model = _Weights(TWO_GB, is_saved=is_saved)
    traced = Traced(torch.export.export(model, (torch.empty(2, 1, device="meta"),)), None)

    with pytest.raises(RunFailedError, match=r"The model has 2 GB or more.* Use --format torch_export\."):
        write_onnx(traced, tmp_path / "model.onnx", ["output"])

    assert not list(tmp_path.glob("*.onnx*"))
