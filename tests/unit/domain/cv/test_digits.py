import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.utils.data import TensorDataset

from accelerator.domain.cv import digits as module
from accelerator.domain.cv.digits import digits
from accelerator.errors import DataNotFoundError


def rows_of(data_set: TensorDataset) -> set[bytes]:
    return {image.numpy().tobytes() for image in data_set.tensors[0]}


def test_the_images_are_those_of_scikit_learn() -> None:
    data: Any = digits()
    expected = load_digits()

    found = torch.cat([split.tensors[0] for split in (data.train, data.validation, data.test)])
    targets = torch.cat([split.tensors[1] for split in (data.train, data.validation, data.test)])

    given = {(image.tobytes(), label) for image, label in zip(expected.images, expected.target.tolist(), strict=True)}
    pixels = (found[:, 0] * 16).to(torch.float64).numpy()
    assert {(image.tobytes(), label) for image, label in zip(pixels, targets.tolist(), strict=True)} == given


def test_a_sample_is_an_image_and_its_class() -> None:
    data: Any = digits()

    image, target = data.train[0]

    assert type(data.train) is TensorDataset
    assert (image.shape, image.dtype, target.dtype) == ((1, 8, 8), torch.float32, torch.int64)
    assert (float(data.train.tensors[0].min()), float(data.train.tensors[0].max())) == (0.0, 1.0)
    assert data.fields == ("input", "target")
    assert data.facts == {"num_classes": 10, "in_channels": 1}


def test_the_splits_share_no_image() -> None:
    data: Any = digits()
    sizes = [len(split) for split in (data.train, data.validation, data.test)]

    assert sizes == [1259, 179, 359]
    assert sum(sizes) == 1797
    assert not rows_of(data.train) & rows_of(data.test)
    assert not rows_of(data.validation) & rows_of(data.test)


def test_every_class_is_divided_alike() -> None:
    data: Any = digits()
    totals = np.bincount(load_digits().target)

    for split, share in ((data.train, 0.7), (data.validation, 0.1), (data.test, 0.2)):
        assert np.abs(np.bincount(split.tensors[1]) - totals * share).max() <= 1


def test_the_split_is_the_same_whatever_the_seed() -> None:
    torch.manual_seed(1)
    first: Any = digits()
    torch.manual_seed(2)
    second: Any = digits()

    assert torch.equal(first.test.tensors[0], second.test.tensors[0])
    assert first.test.tensors[1][:12].tolist() == [0, 2, 3, 9, 5, 0, 8, 9, 7, 3, 7, 4]


def test_reading_does_not_import_scikit_learn() -> None:
    code = "import sys; from accelerator.domain.cv.digits import digits; digits(); print('sklearn' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)

    with pytest.raises(DataNotFoundError, match=r"not installed here\. Install it: pip install scikit-learn\.$"):
        digits()


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "digits.csv.gz"
    monkeypatch.setattr(module, "_find_file", lambda: path)

    with pytest.raises(
        DataNotFoundError, match=rf"reads {path}, a part of scikit-learn, and there is no such file\. Ins"
    ):
        digits()


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"1,2,three\n"), gzip.compress(b"1,2\n" * 9)[:-4]],
    ids=["empty", "no gzip", "no number", "cut"],  # what gzip writes holds the time: workers would name it differently
)
def test_a_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(content)
    monkeypatch.setattr(module, "_find_file", lambda: path)

    with pytest.raises(DataNotFoundError, match=rf"cannot read {path}, a part of scikit-learn \(.*\)\. Install"):
        digits()


def test_a_file_of_another_shape_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n3,4\n"))
    monkeypatch.setattr(module, "_find_file", lambda: path)

    with pytest.raises(DataNotFoundError, match=r"expects 65 numbers a line; it has 2\. Install scikit-learn again"):
        digits()
