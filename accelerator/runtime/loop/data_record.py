"""Keeping with a tracked run what data it reads."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelerator.errors import first_line
from accelerator.redaction import redact_text
from accelerator.runs.datasets import datasets_to_json
from accelerator.runtime.data.description import describe_data

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


def record_data(context: "Context", splits: Sequence[str]) -> None:
    """Write the run's `datasets.json`, if it has a folder.

    Nothing of the run hangs on it: data that cannot be described is told in the log, with the reason.
    """
    recorder = context.recorder
    if recorder is None:
        return
    try:
        found = describe_data(context.data, splits)
    except Exception as error:  # the border to a data set: what it cannot give will be missed when a batch needs it
        reason = redact_text(first_line(error))
        recorder.log.warning("the data is not described: %s", reason)
        return
    recorder.keep(recorder.folder.datasets, json.dumps(datasets_to_json(found), indent=2) + "\n")
