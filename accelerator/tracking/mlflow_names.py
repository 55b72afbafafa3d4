"""How our names and values become such as MLflow takes: its rules for keys, and its limits."""

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

RUN_TAG = "accelerator.run_id"
"""The tag of an MLflow run that holds the name of our run folder."""
CHANGED_PREFIX = "changed."
"""What the tag of a parameter begins with that a resume changed: MLflow keeps the first value as the parameter."""
MOST_METRICS = 1000
MOST_PARAMETERS = 100
MOST_TAGS = 100
MOST_BATCH_BYTES = 500_000
"""Half of what MLflow takes in one request."""
LONGEST_KEY = 250
LONGEST_PARAMETER = 6000
LONGEST_TAG = 8000

_Item = TypeVar("_Item")


def mlflow_key(name: str) -> str:
    """Return `name` as MLflow takes it as a key; most stay as they are.

    Other characters than letters, digits and `_ - . / space` become `_`, and six hex digits of the name are added, so
    that two names never become one.

    Example:
        >>> mlflow_key("validation/accuracy"), mlflow_key("f1@0.5")
        ('validation/accuracy', 'f1_0.5-3b2971')
    """
    key = re.sub(r"[^\w.\- /]", "_", name)
    key = "/".join(part for part in posixpath.normpath(key).split("/") if part not in ("", ".", ".."))
    if key == name and len(key) <= LONGEST_KEY:
        return key
    mark = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:6]
    return f"{key[: LONGEST_KEY - 7]}-{mark}"


def quoted(text: str) -> str:
    """Return a text as the filter of a search has it: a folder that was renamed may have a quote in its name.

    Example:
        >>> print(quoted("john's run"), quoted("run"))
        "john's run" 'run'
    """
    return f'"{text}"' if "'" in text else f"'{text}'"


def batches(items: Iterable[_Item], most: int, size: Callable[[_Item], int]) -> Iterator[list[_Item]]:
    """Yield `items` in lists of at most `most`, and of about MOST_BATCH_BYTES by `size`."""
    batch: list[_Item] = []
    total = 0
    for item in items:
        item_size = size(item)
        if batch and (len(batch) == most or total + item_size > MOST_BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += item_size
    if batch:
        yield batch
