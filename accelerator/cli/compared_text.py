"""The table that `compare` prints."""

import json
from typing import Any

from accelerator.cli.terminal import print_error, print_line, print_table

ABSENT = "-"


def print_compared(found: Any) -> None:
    """Print a `Comparison`: one row a key, with its cause, and one column a run."""
    rows = [(item.cause, item.key, *(_cell(value, item.key) for value in item.values)) for item in found.differences]
    print_table(("cause", "key", *found.runs), rows)
    print_line(f"{found.num_same} keys of the config are the same.")
    for note in found.notes:
        print_error(note)


def _cell(value: Any, key: str) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, float):
        return f"{value:.1f}" if key == "seconds" else f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
