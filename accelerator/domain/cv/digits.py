"""scikit-learn's handwritten digits: 1,797 real images of 8x8 pixels, inside that package, so nothing is downloaded.

The file is read directly: importing `sklearn.datasets` costs more than a second (it brings SciPy and pandas), reading
the file 4 milliseconds.

Source: E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998); the
copy in scikit-learn is that archive's test set.
"""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import TensorDataset

from accelerator.config.declared import gives
from accelerator.errors import DataNotFoundError
from accelerator.runtime.data.randomness import mix_seed
from accelerator.runtime.data.splits import DataSplits

NUM_CLASSES = 10
_SIDE = 8
_BRIGHTEST = 16.0
_FILE = Path("datasets", "data", "digits.csv.gz")
_VALIDATION_SHARE = 0.1
_TEST_SHARE = 0.2


@gives("input", "target", facts=("num_classes", "in_channels"), validation_sets=())
def digits() -> DataSplits:
    """Return the digits as `input` (1, 8, 8), float32 in [0, 1], and `target`, the class as int64.

    Each class is divided into 70 % training, 10 % validation and 20 % test images; which
    image goes where never changes, whatever the seed of the run.

    Raises:
        DataNotFoundError: scikit-learn is not installed, or its copy of the data is missing or damaged.
    """
    table = _read_table(_find_file())
    images = torch.from_numpy(table[:, :-1].astype(np.float32) / _BRIGHTEST).view(-1, 1, _SIDE, _SIDE)
    targets = torch.from_numpy(table[:, -1].astype(np.int64))
    train, validation, test = (
        TensorDataset(images[rows], targets[rows]) for rows in map(torch.from_numpy, _split(table[:, -1]))
    )
    return DataSplits(
        train=train,
        validation=validation,
        test=test,
        fields=("input", "target"),
        facts={"num_classes": NUM_CLASSES, "in_channels": 1},
    )


def _split(targets: NDArray[np.uint8]) -> tuple[NDArray[np.int64], ...]:
    """Return the rows of training, validation and test, each class in its shares.

    The order within a class comes from our own mixing function, because NumPy may change its generators' streams.
    """
    order = np.array(sorted(range(len(targets)), key=mix_seed), dtype=np.int64)
    parts: tuple[list[NDArray[np.int64]], ...] = ([], [], [])
    for label in range(NUM_CLASSES):
        rows = order[targets[order] == label]
        num_test, num_validation = round(len(rows) * _TEST_SHARE), round(len(rows) * _VALIDATION_SHARE)
        cuts = [len(rows) - num_test - num_validation, len(rows) - num_test]
        for part, chosen in zip(parts, np.split(rows, cuts), strict=True):
            part.append(chosen)
    return tuple(np.sort(np.concatenate(part)) for part in parts)


def _find_file() -> Path:
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataNotFoundError(
            "data=digits reads the images that come with scikit-learn, which is not installed here. "
            "Install it: pip install scikit-learn."
        )
    return Path(spec.submodule_search_locations[0]) / _FILE


def _read_table(path: Path) -> NDArray[np.uint8]:
    """Return (samples, 65): 64 pixels of 0 to 16 and the class."""
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            lines = file.read().splitlines()
        if not lines:
            raise ValueError("it is empty")
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
    except FileNotFoundError as error:
        raise DataNotFoundError(
            f"data=digits reads {path}, a part of scikit-learn, and there is no such file. "
            f"Install scikit-learn again: pip install --force-reinstall --no-deps scikit-learn."
        ) from error
    except (OSError, EOFError, ValueError) as error:
        raise DataNotFoundError(
            f"data=digits cannot read {path}, a part of scikit-learn ({type(error).__name__}: {error}). "
            f"Install scikit-learn again: pip install --force-reinstall --no-deps scikit-learn."
        ) from error
    if table.shape[1] != _SIDE * _SIDE + 1:
        raise DataNotFoundError(
            f"data=digits reads {path}, a part of scikit-learn, and expects {_SIDE * _SIDE + 1} numbers a line; it has "
            f"{table.shape[1]}. Install scikit-learn again: pip install --force-reinstall --no-deps scikit-learn."
        )
    return table
