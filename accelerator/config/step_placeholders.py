"""`{input:NAME}` and `{output:NAME}` in the arguments of a step, which it fills in when it runs."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

PLACEHOLDER = re.compile(r"\{(?:(input|output):([^{}]+)|(folder|project))\}")
"""Groups: `input` or `output`, and its name; or `folder` or `project`."""


def unknown_names(texts: Any, known: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    """Yield `input` or `output`, and a name in a text, or a list of them, that is none of those known."""
    for kind, written, _ in PLACEHOLDER.findall(str(texts)):
        name = written.strip()
        if kind and name not in known[kind] and not (kind == "input" and _is_part(name, known[kind])):
            yield kind, name


def _is_part(name: str, inputs: Collection[str]) -> bool:
    """Tell whether a name may be a part of an input, which is known when the step runs: `scores.test/loss`."""
    return any(name.startswith(f"{item}.") for item in inputs)
