"""Two changes of one text, put together line by line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class _Change:
    """Lines `start` to `end` of the base are replaced on one side; an insertion has `start == end`."""

    start: int
    end: int
    side: int
    lines: tuple[str, ...]


def merge(base: str, mine: str, theirs: str) -> str | None:
    """Return `base` with what `mine` and `theirs` changed in it; None where the two changed the same place otherwise.

    Changes that touch each other count as the same place, as in git.

    Example:
        >>> merge("a\\nb\\nc\\n", "a\\nb\\nc\\nmine\\n", "theirs\\nb\\nc\\n")
        'theirs\\nb\\nc\\nmine\\n'
        >>> merge("a\\n", "mine\\n", "theirs\\n") is None
        True
    """
    lines = base.splitlines(keepends=True)
    changes = [*_changes(lines, mine, 0), *_changes(lines, theirs, 1)]
    merged: list[str] = []
    place = 0
    for group in _groups(sorted(changes, key=lambda change: (change.start, change.end))):
        start, end = group[0].start, max(change.end for change in group)
        results = {side: _apply(lines[start:end], start, group, side) for side in {change.side for change in group}}
        first, *others = results.values()
        if any(other != first for other in others):
            return None
        merged += [*lines[place:start], *first]
        place = end
    return "".join([*merged, *lines[place:]])


def _changes(base: Sequence[str], text: str, side: int) -> Iterator[_Change]:
    lines = text.splitlines(keepends=True)
    for kind, start, end, first, last in SequenceMatcher(None, base, lines, autojunk=False).get_opcodes():
        if kind != "equal":
            yield _Change(start, end, side, tuple(lines[first:last]))


def _groups(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    """Split sorted changes where one begins beyond the end of all before it."""
    group: list[_Change] = []
    for change in changes:
        if group and change.start > max(item.end for item in group):
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _apply(base: Sequence[str], offset: int, changes: Sequence[_Change], side: int) -> list[str]:
    applied: list[str] = []
    place = 0
    for change in changes:
        if change.side == side:
            applied += [*base[place : change.start - offset], *change.lines]
            place = change.end - offset
    return [*applied, *base[place:]]
