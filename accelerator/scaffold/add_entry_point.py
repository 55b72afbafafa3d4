"""One more entry point in a user's `pyproject.toml`, which otherwise stays as it is, to the last space.

The text is changed by lines, and then proved: what TOML reads in the result must be what it read before, and the entry.
"""

import copy
import json
import re
import tomllib
from collections.abc import Sequence
from typing import Any

from accelerator.discovery.declaration import GROUP_PREFIX
from accelerator.errors import InputError

PYPROJECT = "pyproject.toml"
_PROJECT, _POINTS = "project", "entry-points"
_HEADER = re.compile(r"\s*\[")


def with_entry_point(text: str, kind: str, name: str, target: str, command: str) -> str:
    """Return the text of a `pyproject.toml` that declares `name` of `kind` to be `target` (`package.module:Class`).

    An entry of that name is replaced, every other line is kept. `command` is what the user typed, for the message.

    Raises:
        InputError: the entry points are written in a form that cannot be added to by lines; says what to add by hand.
    """
    before = tomllib.loads(text)
    group = f"{GROUP_PREFIX}{kind}"
    wanted = copy.deepcopy(before)
    wanted.setdefault(_PROJECT, {}).setdefault(_POINTS, {}).setdefault(group, {})[name] = target
    changed = _changed(text, group, f'{name} = "{target}"', has_entry=name in _points_of(before, group))
    if _read(changed) != wanted:
        raise InputError(
            f"{command}: {PYPROJECT} declares its entry points in a form that is not changed here. Add this to it, and "
            f'repeat the command: [project.entry-points."{group}"] with the line {name} = "{target}".'
        )
    return changed


def entry_point(text: str, kind: str, name: str) -> str | None:
    """Return the target that a `pyproject.toml` declares for a name, None when it declares none."""
    return _points_of(tomllib.loads(text), f"{GROUP_PREFIX}{kind}").get(name)


def _points_of(read: dict[str, Any], group: str) -> dict[str, Any]:
    points: dict[str, Any] = read.get(_PROJECT, {}).get(_POINTS, {}).get(group, {})
    return points


def _changed(text: str, group: str, line: str, *, has_entry: bool) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += newline
    headers = [(place, path) for place, path in enumerate(map(_path_of_header, lines)) if path]
    own = [place for place, path in headers if path == (_PROJECT, _POINTS, group)]
    if own:
        end = _end_of_table(lines, own[0], headers)
        if has_entry:
            return "".join([*lines[: own[0] + 1], *_replaced(lines[own[0] + 1 : end], line, newline), *lines[end:]])
        return "".join([*lines[:end], f"{line}{newline}", *lines[end:]])
    of_project = [place for place, path in headers if path[:2] == (_PROJECT, _POINTS)]
    of_project = of_project or [place for place, path in headers if path[0] == _PROJECT]
    end = _end_of_table(lines, of_project[-1], headers) if of_project else len(lines)
    table = [newline] * bool(end) + [f"[{_PROJECT}.{_POINTS}.{json.dumps(group)}]{newline}", f"{line}{newline}"]
    return "".join([*lines[:end], *table, *lines[end:]])


def _end_of_table(lines: Sequence[str], start: int, headers: Sequence[tuple[int, tuple[str, ...]]]) -> int:
    """Return the place after the last key of the table at `start`: comments before the next table belong to that."""
    end = next((place for place, _ in headers if place > start), len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _replaced(lines: Sequence[str], line: str, newline: str) -> list[str]:
    name = line.partition(" = ")[0]
    found = [place for place, text in enumerate(lines) if list(_read(text)) == [name]]
    if not found:
        return list(lines)
    comment = re.search(r"""["']\s*(#.*)$""", lines[found[0]].rstrip())
    ending = f"  {comment[1]}" if comment else ""
    return [*lines[: found[0]], f"{line}{ending}{newline}", *lines[found[0] + 1 :]]


def _path_of_header(line: str) -> tuple[str, ...]:
    """Return the keys of a table's header (`[a."b.c"]` gives a and b.c, also for `[[a]]`); () for any other line."""
    if not _HEADER.match(line):
        return ()
    read: Any = _read(line)
    path: list[str] = []
    while isinstance(read, dict | list) and read:
        read = read[0] if isinstance(read, list) else read
        if isinstance(read, dict) and read:
            key = next(iter(read))
            path.append(key)
            read = read[key]
        else:
            break
    return tuple(path)


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
