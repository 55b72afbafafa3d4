"""A safetensors file, written as any other."""

import os
from pathlib import Path

import pytest
import torch

from accelerator.runtime.checkpoint.tensors_file import save_tensors


@pytest.mark.parametrize("umask", [0o022, 0o007])
def test_a_file_of_tensors_may_be_read_by_whom_the_umask_lets(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        save_tensors({"a": torch.zeros(2)}, tmp_path / "m.safetensors")
    finally:
        os.umask(before)

    assert (tmp_path / "m.safetensors").stat().st_mode & 0o777 == 0o666 & ~umask
