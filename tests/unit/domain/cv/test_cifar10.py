import os
import pickle
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.datasets import CIFAR10

from accelerator.domain.cv.byte_images import ByteImages
from accelerator.domain.cv.cifar10 import cifar10
from accelerator.errors import DataNotFoundError
from tests.cifar10_archive import FILES, write_cifar10

MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1)
DEVIATION = torch.tensor([0.2470, 0.2435, 0.2616]).view(3, 1, 1)


class SmallCIFAR10(CIFAR10):  # type: ignore[misc]  # torchvision has no types
    """torchvision's own reader on an archive that is not the published one."""

    def _check_integrity(self) -> bool:
        return True

    def _load_meta(self) -> None:
        self.classes: list[str] = []


def read_by_torchvision(root: Path, train: bool) -> tuple[torch.Tensor, list[int]]:
    reader = SmallCIFAR10(str(root), train=train)
    return torch.from_numpy(reader.data).permute(0, 3, 1, 2), reader.targets


@pytest.mark.filterwarnings("ignore:dtype.*align:Warning")  # torchvision's reader under NumPy 2.4
def test_the_images_are_those_that_torchvision_reads(tmp_path: Path) -> None:
    write_cifar10(tmp_path, images_per_file=20)

    data: Any = cifar10(str(tmp_path), download=False, verify=False)

    for sets, train in (((data.train, data.validation), True), ((data.test,), False)):
        images, targets = read_by_torchvision(tmp_path, train)
        assert torch.equal(torch.cat([part.images for part in sets]), images)
        assert torch.cat([part.targets for part in sets]).tolist() == targets


def test_a_sample_is_a_normalised_image_and_its_class(tmp_path: Path) -> None:
    write_cifar10(tmp_path, images_per_file=20)

    data: Any = cifar10(str(tmp_path), download=False, verify=False)

    image, target = data.train[7]
    assert (len(data.train), len(data.validation), len(data.test)) == (90, 10, 20)
    assert (image.shape, image.dtype, int(target), target.dtype) == ((3, 32, 32), torch.float32, 7, torch.int64)
    torch.testing.assert_close(image * DEVIATION + MEAN, data.train.images[7] / 255)
    assert data.fields == ("input", "target")
    assert data.facts == {"num_classes": 10, "in_channels": 3}


def test_an_archive_that_lies_in_the_folder_is_unpacked(tmp_path: Path) -> None:
    write_cifar10(tmp_path, packed=True)

    data: Any = cifar10(str(tmp_path), download=False, verify=False)

    assert isinstance(data.train, ByteImages)
    assert sorted(os.listdir(tmp_path / "cifar-10-batches-py")) == sorted(FILES)


def test_data_that_is_not_there_is_named(tmp_path: Path) -> None:
    expected = (
        f"data=cifar10: in {tmp_path}/cifar-10-batches-py there is no {', '.join(FILES)}. Set data.download=true, or "
        f"put cifar-10-python.tar.gz of {CIFAR10.url} into {tmp_path}, or name another folder with data.root."
    )

    with pytest.raises(DataNotFoundError, match=f"^{re.escape(expected)}$"):
        cifar10(str(tmp_path), download=False)


def test_files_that_are_not_the_published_ones_are_not_read(tmp_path: Path) -> None:
    write_cifar10(tmp_path)

    with pytest.raises(
        DataNotFoundError, match=r"data_batch_1, .*test_batch differ from the published ones \(MD5\)\. Set"
    ):
        cifar10(str(tmp_path), download=False)


def test_an_archive_that_is_not_the_published_one_is_not_unpacked(tmp_path: Path) -> None:
    archive = write_cifar10(tmp_path, packed=True)

    with pytest.raises(DataNotFoundError, match=rf", and {archive} is not the published archive either\. Set"):
        cifar10(str(tmp_path), download=False)
    assert os.listdir(tmp_path) == [archive.name]


def test_what_cannot_be_fetched_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CIFAR10, "url", f"file://{tmp_path}/nowhere/cifar-10-python.tar.gz")
    root = tmp_path / "data"

    with pytest.raises(
        DataNotFoundError, match=rf"{root}/cifar-10-batches-py lacks data_batch_1, .* file://.* cannot be "
    ):
        cifar10(str(root))


@pytest.mark.parametrize("damage", [b"no archive", b""])
def test_an_archive_that_cannot_be_unpacked_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(damage)

    with pytest.raises(DataNotFoundError, match=r"cifar-10-python\.tar\.gz cannot be unpacked \(.*\)\. Remove it, and"):
        cifar10(str(tmp_path), download=False, verify=False)


def test_an_archive_that_lacks_a_file_is_told(tmp_path: Path) -> None:
    folder = write_cifar10(tmp_path)
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as tar:
        for name in FILES[:-1]:
            tar.add(folder / name, arcname=f"{folder.name}/{name}")
    (folder / "test_batch").unlink()

    with pytest.raises(DataNotFoundError, match=r"there is no test_batch"):
        cifar10(str(tmp_path), download=False, verify=False)


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps({"data": b""}), pickle.dumps([1])])
def test_a_file_in_another_format_is_named(tmp_path: Path, content: bytes) -> None:
    path = write_cifar10(tmp_path) / "data_batch_3"
    path.write_bytes(content)

    with pytest.raises(
        DataNotFoundError, match=rf"{path} is no file of CIFAR-10 in its Python format \(.*\)\. Remove it"
    ):
        cifar10(str(tmp_path), download=False, verify=False)


class Intruder:
    """What a hostile pickle does: names a function to call when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_hostile_file_runs_nothing_even_unverified(tmp_path: Path) -> None:
    path = write_cifar10(tmp_path) / "test_batch"
    path.write_bytes(pickle.dumps({"data": Intruder(tmp_path / "made"), "labels": []}, protocol=2))

    with pytest.raises(DataNotFoundError, match=r"it names posix\.mkdir, and only NumPy arrays are read\)\. Remove it"):
        cifar10(str(tmp_path), download=False, verify=False)
    assert not (tmp_path / "made").exists()
