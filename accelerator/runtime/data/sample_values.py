"""The values of one sample, whatever library they are of: as an array, and as a fingerprint."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch

FINGERPRINT_BYTES = 16
Array = np.ndarray[Any, Any]
_OF_NUMPY = (torch.float16, torch.float32, torch.float64)
_PLAIN = {bool, int, float, str, bytes, type(None)}


def as_array(value: Any) -> Array | None:
    """Return numbers as an array on the host, without copying where that can be; None for anything else."""
    if isinstance(value, torch.Tensor):
        host = value.detach().cpu()
        dense = host if host.layout is torch.strided else host.to_dense()
        widened = dense.float() if dense.is_floating_point() and dense.dtype not in _OF_NUMPY else dense
        found: Array = widened.resolve_conj().resolve_neg().numpy()
        return found
    is_number = isinstance(value, np.ndarray | np.generic | bool | int | float | complex)
    if not is_number and getattr(value, "__array_interface__", None) is None:  # what pictures of Pillow have
        return None
    array = np.asarray(value)
    return array if array.dtype.kind in "biufc" else None


def fingerprint(sample: Mapping[str, Any], leave_out: str | None = None) -> bytes:
    """Return 16 bytes that are equal for equal samples and, but for a chance of 1 in 2^64, for no others.

    Numbers and arrays count by dtype, shape and bytes, also those inside mappings, lists and dataclasses; anything
    else by its representation.
    """
    digest = hashlib.blake2b(digest_size=FINGERPRINT_BYTES)
    for name in sorted(sample):
        if name != leave_out:
            for part in _parts(name, sample[name]):
                digest.update(part)
    return digest.digest()


def _parts(name: str, value: Any) -> Iterator[bytes]:
    """Yield what tells a value from others; what is printed in short (a large tensor in a list) is gone into."""
    values = as_array(value)
    if values is not None:
        yield f"{name}\0{values.dtype.str}\0{values.shape}\0".encode()
        yield np.ascontiguousarray(values).tobytes()
        return
    inside = _inside(value)
    if inside is None:
        yield f"{name}\0{type(value).__name__}\0{value!r}\0".encode("utf-8", "surrogatepass")
        return
    yield f"{name}\0{type(value).__name__}\0{len(inside)}\0".encode()
    for key, inner in inside.items():
        yield from _parts(str(key), inner)


def _inside(value: Any) -> Mapping[Any, Any] | None:
    """Return the values that one holds, by key or place; None where it holds none."""
    if isinstance(value, Mapping):
        return {key: value[key] for key in sorted(value, key=str)}
    if isinstance(value, np.ndarray):  # of texts, dates or objects
        return dict(enumerate([value.dtype.str, value.shape, *value.ravel().tolist()]))
    if isinstance(value, list | tuple):
        return None if _PLAIN.issuperset(map(type, value)) else dict(enumerate(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    return None
