"""What a run's journal says at its start: parameters, tags, the data, and the files that tell how it was made."""

import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accelerator.config.compose import Composition
from accelerator.config.saved import flatten
from accelerator.redaction import redact_text
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import ARTIFACT, PARAMETER, TAG, Record
from accelerator.runs.run import CHOICE_PREFIX, PARENT_TAG

NOTE = "note"


def parameters(values: Mapping[str, Any]) -> Iterator[Record]:
    """Yield every value of a saved config by its config path."""
    for name, value in flatten(values).items():
        yield {"kind": PARAMETER, "name": name, "value": value}


def tags(
    values: Mapping[str, Any], composition: Composition | None, typed: Sequence[str], parent: str | None
) -> Iterator[Record]:
    """Yield what was typed and chosen, the parent, the note, and the user's own tags, which win over ours of a name.

    Args:
        values: the saved config, without secrets.
        composition: what it was composed from; None for a run made in Python.
        typed: the overrides of all commands of this run so far, without secrets.
        parent: the run that this one was made from.
    """
    found: dict[str, Any] = {}
    if typed:
        found["overrides"] = shlex.join(typed)
    for key, choice in composition.provenance.choices.items() if composition is not None else ():
        found[f"{CHOICE_PREFIX}{key}"] = redact_text(choice)
    if parent is not None:
        found[PARENT_TAG] = parent
    if values.get(NOTE):
        found[NOTE] = values[NOTE]
    for name, value in {**found, **(values.get("tags") or {})}.items():
        yield {"kind": TAG, "name": str(name), "value": value}


def files(folder: RunFolder) -> Iterator[Record]:
    """Yield the files that say how the run was made, as artifacts; those that there are."""
    for path in (folder.config, folder.overrides, folder.environment, folder.git_diff):
        if path.exists():
            yield {"kind": ARTIFACT, "name": path.name, "path": path.name, "time": time.time()}
