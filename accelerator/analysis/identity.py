"""Recognising a sample that stands more than once, in 24 bytes a sample."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelerator.runtime.data.sample_values import FINGERPRINT_BYTES

_TARGET_BYTES = 8
NO_TARGET = bytes(_TARGET_BYTES)


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
    """A fingerprint; `NO_TARGET` where it has none."""

    def to_json(self) -> dict[str, Any]:
        """Return where it stands."""
        return {**self.place.to_json(), "index": self.index}


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
        self._ends.append(len(self._samples) // FINGERPRINT_BYTES)

    def groups(self) -> Iterator[Iterator[Occurrence]]:
        """Yield, for each sample that stands more than once, all its places, in the order of the first ones.

        The places are made one at a time: of a million empty pictures all are the same.
        """
        keys = np.frombuffer(self._samples, dtype=f"S{FINGERPRINT_BYTES}")
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        sizes = np.diff(np.append(starts, len(ordered)))
        starts, sizes = starts[sizes > 1], sizes[sizes > 1]
        for group in np.argsort(order[starts]):
            members = order[starts[group] : starts[group] + sizes[group]]
            yield map(self._occurrence, members)

    def _occurrence(self, place: np.int64) -> Occurrence:
        number = int(place)
        which = int(np.searchsorted(np.asarray(self._ends), number, side="right"))
        begin = self._ends[which - 1] if which else 0
        target = bytes(self._targets[number * _TARGET_BYTES : (number + 1) * _TARGET_BYTES])
        return Occurrence(self._places[which], number - begin, target)
