"""A project to stand in, and one thread, so that tests are as fast as their arithmetic and their bits do not vary."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def here(inside_project: Path) -> Path:
    """Return the root of the project that the test stands in."""
    return inside_project
