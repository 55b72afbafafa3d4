"""Writes small archives in CIFAR-10's true file format: what Python 2 and its NumPy pickled, in a gzipped tar."""

import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = "cifar-10-batches-py"
FILES = (*[f"data_batch_{number}" for number in range(1, 6)], "test_batch")


def write_cifar10(root: Path, images_per_file: int = 20, *, packed: bool = False) -> Path:
    """Write six files with images that tell their class by their brightness; `packed`: as `cifar-10-python.tar.gz`.

    Returns the folder of the files, or the archive.
    """
    rng = np.random.default_rng(0)
    folder = root / FOLDER
    folder.mkdir(parents=True)
    for name in FILES:
        labels = [place % 10 for place in range(images_per_file)]
        noise = rng.integers(0, 20, size=(images_per_file, 3072), dtype=np.uint8)
        data = noise + np.array(labels, dtype=np.uint8)[:, None] * 23
        batch = {
            "batch_label": "testing batch 1 of 1" if name == "test_batch" else f"training batch {name[-1]} of 5",
            "labels": labels,
            "data": data.astype(np.uint8),
            "filenames": [f"image_{place}.png" for place in range(images_per_file)],
        }
        (folder / name).write_bytes(pickle.PROTO + b"\x02" + _pickled(batch) + pickle.STOP)
    if not packed:
        return folder
    archive = root / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=FOLDER)
    for name in FILES:
        (folder / name).unlink()
    folder.rmdir()
    return archive


def _pickled(value: Any) -> bytes:
    """Return what Python 2's pickler (protocol 2) puts for a value: its `str` has opcodes that Python 3 only reads."""
    if isinstance(value, str):
        return _pickled(value.encode("latin1"))
    if isinstance(value, bytes):
        return pickle.BINSTRING + struct.pack("<i", len(value)) + value
    if isinstance(value, bool):
        return pickle.NEWTRUE if value else pickle.NEWFALSE
    if isinstance(value, int):
        return pickle.BININT + struct.pack("<i", value)
    if isinstance(value, tuple):
        return pickle.MARK + b"".join(map(_pickled, value)) + pickle.TUPLE
    if isinstance(value, list):
        return pickle.EMPTY_LIST + pickle.MARK + b"".join(map(_pickled, value)) + pickle.APPENDS
    if isinstance(value, dict):
        pairs = b"".join(_pickled(part) for pair in value.items() for part in pair)
        return pickle.EMPTY_DICT + pickle.MARK + pairs + pickle.SETITEMS
    return _pickled_array(value)


def _pickled_array(values: np.ndarray[Any, Any]) -> bytes:
    """Return what NumPy under Python 2 put for an array of bytes."""
    empty = _global("numpy.core.multiarray", "_reconstruct") + pickle.MARK + _global("numpy", "ndarray")
    empty += _pickled((0,)) + _pickled("b") + pickle.TUPLE + pickle.REDUCE
    kind = _global("numpy", "dtype") + _pickled(("u1", 0, 1)) + pickle.REDUCE
    kind += pickle.MARK + _pickled(3) + _pickled("|") + pickle.NONE * 3 + _pickled(-1) * 2 + _pickled(0)
    kind += pickle.TUPLE + pickle.BUILD
    state = pickle.MARK + _pickled(1) + _pickled(values.shape) + kind + _pickled(False) + _pickled(values.tobytes())
    return empty + state + pickle.TUPLE + pickle.BUILD


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode("ascii")
