"""Recognising a sample that stands more than once, in 24 bytes a sample."""

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelerator.analysis.fields import as_array

_BYTES = 16
_TARGET_BYTES = 8


@dataclass(frozen=True)
class Place:
    """One data set: its split, and its name where the split has several."""

    split: str
    dataset: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the split, and the set's name where it has one."""
        return {"split": self.split, **({"dataset": self.dataset} if self.dataset else {})}


@dataclass(frozen=True)
class Occurrence:
    """Where a sample stands, and what target it has there."""

    place: Place
    index: int
    target: bytes

    def to_json(self) -> dict[str, Any]:
        """Return where it stands."""
        return {**self.place.to_json(), "index": self.index}


def fingerprint(sample: Mapping[str, Any], leave_out: str | None = None) -> bytes:
    """Return 16 bytes that are equal for equal samples and, but for a chance of 1 in 2^64, for no others.

    Numbers and arrays count by dtype, shape and bytes; anything else by its representation.
    """
    digest = hashlib.blake2b(digest_size=_BYTES)
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


class Fingerprints:
    """The fingerprints of all samples, in the order in which they were read, set by set."""

    def __init__(self) -> None:
        self._samples = bytearray()
        self._targets = bytearray()
        self._places: list[Place] = []
        self._ends = array("q")

    def add(self, sample: bytes, target: bytes) -> None:
        """Remember a sample of the set that is being read, and its target."""
        self._samples += sample
        self._targets += target[:_TARGET_BYTES]

    def end_set(self, place: Place) -> None:
        """Say which set the samples since the last one were of."""
        self._places.append(place)
        self._ends.append(len(self._samples) // _BYTES)

    def groups(self) -> Iterator[list[Occurrence]]:
        """Yield, for each sample that stands more than once, all its places, in the order of the first ones."""
        keys = np.frombuffer(self._samples, dtype=f"S{_BYTES}")
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        sizes = np.diff(np.append(starts, len(ordered)))
        repeated = [
            order[start : start + size] for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True)
        ]
        for members in sorted(repeated, key=lambda item: int(item[0])):
            yield [self._occurrence(int(number)) for number in members]

    def _occurrence(self, number: int) -> Occurrence:
        which = int(np.searchsorted(np.asarray(self._ends), number, side="right"))
        begin = self._ends[which - 1] if which else 0
        target = bytes(self._targets[number * _TARGET_BYTES : (number + 1) * _TARGET_BYTES])
        return Occurrence(self._places[which], number - begin, target)
