"""CIFAR-10: 60,000 colour images of 32x32 pixels in 10 classes, as torchvision knows it: address, files, checksums.

Source: A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images (2009).

The archive's files are pickles, which can run code when they are loaded. Their MD5 must be the published ones; and
they are read by an unpickler that knows NumPy arrays and nothing else, so that `verify: false` in a config made by a
stranger does no harm either.
"""

import http.client
import pickle
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from accelerator.config.declared import gives
from accelerator.domain.cv.byte_images import ByteImages
from accelerator.errors import DataNotFoundError
from accelerator.runtime.data.splits import DataSplits

NUM_CLASSES = 10
_MEAN = (0.4914, 0.4822, 0.4465)  # of the training images, by channel
_DEVIATION = (0.2470, 0.2435, 0.2616)
_SHAPE = (-1, 3, 32, 32)
_VALIDATION_SHARE = 10  # a tenth of the training images
_RECONSTRUCT = np.empty(0).__reduce__()[0]  # NumPy has no public name for it

Images = tuple[torch.Tensor, torch.Tensor]


@gives("input", "target", facts=("num_classes", "in_channels"), validation_sets=())
def cifar10(root: str, download: bool = True, verify: bool = True) -> DataSplits:
    """Return CIFAR-10 as `input` (3, 32, 32), float32 normalised by channel, and `target`, the class as int64.

    The last tenth of the training images (5,000 of 50,000: the end of the fifth file, which is in no order) is for
    validation, the test file for the test.

    Args:
        root: the folder with `cifar-10-batches-py/` or `cifar-10-python.tar.gz`, or where they are put.
        download: fetch the archive (170 MB) when it is not there.
        verify: whether the files must be the published ones. False takes any in the same format, as a test needs.

    Raises:
        DataNotFoundError: the files are not there and cannot be fetched, or are damaged; names folder and file.
    """
    archive = _published_archive(Path(root).expanduser())
    _provide(archive, download=download, verify=verify)
    images, targets = _read(archive, archive.train_files)
    cut = len(images) - len(images) // _VALIDATION_SHARE
    return DataSplits(
        train=_data_set(images[:cut], targets[:cut]),
        validation=_data_set(images[cut:], targets[cut:]),
        test=_data_set(*_read(archive, archive.test_files)),
        fields=("input", "target"),
        facts={"num_classes": NUM_CLASSES, "in_channels": 3},
    )


@dataclass(frozen=True)
class _Archive:
    """Where the files are and what they must be: as published in torchvision's class."""

    root: Path
    url: str
    file: Path
    md5: str
    folder: Path
    train_files: dict[str, str]
    test_files: dict[str, str]

    @property
    def files(self) -> dict[str, str]:
        """File name -> published MD5."""
        return self.train_files | self.test_files

    def missing(self, *, verify: bool) -> list[str]:
        """Return the names of files that are not there, or not the published ones."""
        return [name for name, md5 in self.files.items() if not _is_sound(self.folder / name, md5 if verify else None)]


def _published_archive(root: Path) -> _Archive:
    from torchvision.datasets import CIFAR10  # 1.4 s, and an extra: paid only by who asks for this data

    return _Archive(
        root=root,
        url=CIFAR10.url,
        file=root / CIFAR10.filename,
        md5=CIFAR10.tgz_md5,
        folder=root / CIFAR10.base_folder,
        train_files={name: md5 for name, md5 in CIFAR10.train_list},
        test_files={name: md5 for name, md5 in CIFAR10.test_list},
    )


def _is_sound(path: Path, md5: str | None) -> bool:
    from torchvision.datasets.utils import check_integrity

    return bool(check_integrity(path, md5))


def _provide(archive: _Archive, *, download: bool, verify: bool) -> None:
    """Have all files in their folder: as they are, out of the archive that is there, or out of a fetched one."""
    if not archive.missing(verify=verify):
        return
    if _is_sound(archive.file, archive.md5 if verify else None):
        _unpack(archive)
    elif download:
        _download(archive)
        _unpack(archive)
    missing = archive.missing(verify=verify)
    if missing:
        raise DataNotFoundError(_text_of_missing(archive, missing))


def _download(archive: _Archive) -> None:
    from torchvision.datasets.utils import download_url

    try:
        download_url(archive.url, str(archive.root), filename=archive.file.name, md5=archive.md5)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise DataNotFoundError(
            f"data=cifar10: {archive.folder} lacks {', '.join(archive.missing(verify=True))}, and {archive.url} cannot "
            f"be fetched ({_reason(error)}). Fetch that file elsewhere, put it at {archive.file} as it "
            f"is, and start again; or name another folder with data.root."
        ) from error


def _unpack(archive: _Archive) -> None:
    try:
        with tarfile.open(archive.file) as tar:
            tar.extractall(archive.root, filter="data")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise DataNotFoundError(
            f"data=cifar10: {archive.file} cannot be unpacked ({_reason(error)}). Remove it, and start "
            f"again with data.download=true."
        ) from error


def _text_of_missing(archive: _Archive, missing: list[str]) -> str:
    there = [name for name in missing if (archive.folder / name).exists()]
    what = f"{', '.join(there)} differ from the published ones (MD5)" if there else f"there is no {', '.join(missing)}"
    if archive.file.exists():
        what += f", and {archive.file} is not the published archive either"
    return (
        f"data=cifar10: in {archive.folder} {what}. Set data.download=true, or put {archive.file.name} of "
        f"{archive.url} into {archive.root}, or name another folder with data.root."
    )


def _data_set(images: torch.Tensor, targets: torch.Tensor) -> ByteImages:
    return ByteImages(images, targets, _MEAN, _DEVIATION)


def _read(archive: _Archive, names: dict[str, str]) -> Images:
    """Return all images of the files as uint8 (samples, 3, 32, 32), and their classes as int64 (samples,)."""
    batches = [_read_file(archive.folder / name) for name in names]
    images = np.concatenate([images for images, _ in batches])
    targets = np.concatenate([targets for _, targets in batches])
    return torch.from_numpy(images), torch.from_numpy(targets)


def _read_file(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    try:
        with path.open("rb") as file:
            batch = _ArrayUnpickler(file).load()
        images = np.asarray(batch["data"], dtype=np.uint8).reshape(_SHAPE)
        targets = np.asarray(batch["labels"], dtype=np.int64).reshape(len(images))
    except Exception as error:  # a damaged pickle raises nearly anything
        raise DataNotFoundError(
            f"data=cifar10: {path} is no file of CIFAR-10 in its Python format ({_reason(error)}). "
            f"Remove it, and start again with data.download=true."
        ) from error
    return images, targets


class _ArrayUnpickler(pickle.Unpickler):
    """Reads what Python 2 wrote: dicts, lists, strings, numbers and NumPy arrays; refuses every other object."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the three callables that an array of bytes is made with."""
        if (module, name) in (("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")):
            return _RECONSTRUCT
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return _plain_dtype
        raise pickle.UnpicklingError(f"it names {module}.{name}, and only NumPy arrays are read")


def _plain_dtype(name: str, align: bool | int, copy: bool | int) -> np.dtype[Any]:
    """Make a dtype from what Python 2 wrote: NumPy 2.4 warns of 0 and 1 instead of False and True."""
    return np.dtype(name, align=bool(align), copy=bool(copy))


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())  # tarfile's texts run over several lines
