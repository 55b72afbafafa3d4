"""The values of one sample, whatever library they are of: as an array, and as a fingerprint."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

FINGERPRINT_BYTES = 16
Array = np.ndarray[Any, Any]


def as_array(value: Any) -> Array | None:
    """Return numbers as an array on the host, without copying where that can be; None for anything else."""
    if isinstance(value, torch.Tensor):
        host = value.detach().cpu()
        widened = host.float() if host.dtype is torch.bfloat16 else host
        found: Array = widened.numpy()
        return found
    is_number = isinstance(value, np.ndarray | np.generic | bool | int | float | complex)
    if not is_number and getattr(value, "__array_interface__", None) is None:  # what pictures of Pillow have
        return None
    array = np.asarray(value)
    return array if array.dtype.kind in "biufc" else None


def fingerprint(sample: Mapping[str, Any], leave_out: str | None = None) -> bytes:
    """Return 16 bytes that are equal for equal samples and, but for a chance of 1 in 2^64, for no others.

    Numbers and arrays count by dtype, shape and bytes; anything else by its representation.
    """
    digest = hashlib.blake2b(digest_size=FINGERPRINT_BYTES)
    for name in sorted(sample):
        if name == leave_out:
            continue
        value = sample[name]
        values = as_array(value)
        if values is None:
            digest.update(f"{name}\0{type(value).__name__}\0{value!r}\0".encode("utf-8", "surrogatepass"))
        else:
            digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()
