"""What `explain` prints: the value, what set it, what that shadowed, and the same for what it points to."""

import json
from collections.abc import Iterator
from typing import Any

from accelerator.cli.terminal import in_one_line


def explained_text(found: Any) -> str:
    """Return an `Explanation` as lines; what an interpolation points to follows, indented."""
    return "\n".join(_lines(found, ""))


def _lines(found: Any, indent: str) -> Iterator[str]:
    note = f"  ({found.note})" if found.note else ""
    if found.is_removed:
        yield f"{indent}{found.key} is not in the config{note}"
    elif found.lines:
        yield f"{indent}{found.key}:{note}"
        yield from (f"{indent}    {line}" for line in found.lines)
    else:
        yield f"{indent}{found.key} = {_inline(found.value)}{note}"
    rows = [("shadows", item) for item in found.sources]
    if rows:
        rows[0] = ("removed by" if found.is_removed else "set by", rows[0][1])
    rows += [("hides", item) for item in found.hidden]
    labels = max((len(label) for label, _ in rows), default=0)
    width = max((len(in_one_line(item.where)) for _, item in rows if item.value is not None), default=0)
    for label, item in rows:
        where = in_one_line(item.where)
        yield f"{indent}  {label:<{labels}}  {where:<{width}}  {in_one_line(item.value or '')}".rstrip()
    for target in found.points_to:
        yield f"{indent}  points to"
        yield from _lines(target, f"{indent}    ")


def _inline(value: Any) -> str:
    return in_one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
