"""Which samples of a set lack a field that others of it have, told in one pass."""

from collections.abc import Iterator, Mapping
from typing import Any

_MOST_PLACES = 10


class Completeness:
    """What is known of the fields of one set so far.

    | attribute | holds |
    |---|---|
    | _known | the fields that a sample had a value for, in the order in which they came up |
    | _num_complete | samples that had a value for all fields known until now |
    | _first | the places of the first of those: a field that comes up later is one that they lack |
    """

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._num_complete = 0
        self._first: list[int] = []

    def add(self, index: int, values: Mapping[str, Any]) -> Iterator[tuple[int, list[str], int]]:
        """Add a sample; yield what turns out to be incomplete: a sample's place, its fields, and how many are so.

        Each sample is counted once. None is no value.
        """
        new = [name for name, value in values.items() if value is not None and name not in self._known]
        if new and self._num_complete:
            yield from self._incomplete(new)
        self._known.update(dict.fromkeys(new))
        absent = [name for name in self._known if values.get(name) is None]
        absent += [name for name, value in values.items() if value is None and name not in self._known]
        if absent:
            yield index, absent, 1
            return
        self._num_complete += 1
        if len(self._first) < _MOST_PLACES:
            self._first.append(index)

    def _incomplete(self, fields: list[str]) -> Iterator[tuple[int, list[str], int]]:
        *places, last = self._first
        yield from ((place, fields, 1) for place in places)
        yield last, fields, self._num_complete - len(places)
        self._num_complete, self._first = 0, []
