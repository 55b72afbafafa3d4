"""What a run may be called: its name is the folder below the output folder that its runs lie in."""

import re

RULE = (
    "the folder that its runs lie in: letters, digits, '-', '_', '.', and '/' between parts; no '..', no '/' at the "
    "start or the end"
)
PATTERN = r"^(?!\s)(?!(.*/)?\.{0,2}(/|$))[^\x00-\x1f\x7f]*[^\s]$"
"""The same for JSON Schema, as far as a pattern tells what can be printed."""


def is_run_name(name: str) -> bool:
    """Tell whether a text is a path below the output folder that stays there, and can be printed.

    Example:
        >>> [is_run_name(name) for name in ("digits/short", "größe", "../x", "/x", "a//b", "a\\tb", "")]
        [True, True, False, False, False, False, False]
    """
    return name.isprintable() and re.search(PATTERN, name) is not None
