"""Models with their configs in one file."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from accelerator.errors import CheckpointError
from accelerator.runtime.export.safetensors_file import Header, read_safetensors, write_safetensors


def test_tied_tensors_are_written_once_and_read_under_both_names(tmp_path: Path) -> None:
    weight = torch.rand(2, 3)
    header = Header("model: {}", {"num_classes": 2}, "a-run", 7)

    write_safetensors(tmp_path / "m.safetensors", {"encoder": weight, "decoder": weight}, header)

    read, tensors = read_safetensors(tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        assert list(file.keys()) == ["encoder"]
    assert tensors["encoder"].equal(weight) and tensors["decoder"].equal(weight)
    assert (read.config, read.facts, read.run, read.step) == ("model: {}", {"num_classes": 2}, "a-run", 7)


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"format_version": 2}, "is of format 2, and this accelerator reads 1. Update it."),
        ({"format_version": 1}, "has a damaged header: .*Export the model again."),
        ([], "has a damaged header: .*Export the model again."),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(metadata: object, text: str, tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "m.safetensors", {"accelerator": json.dumps(metadata)})

    with pytest.raises(CheckpointError, match=text):
        read_safetensors(tmp_path / "m.safetensors")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"PK\x03\x04 no tensors here")

    with pytest.raises(CheckpointError, match="is no sound safetensors file: "):
        read_safetensors(tmp_path / "m.safetensors")
