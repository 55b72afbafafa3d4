"""A step of a pipeline as a tracker is told of it: how it stands, what came in and from where, what it gave."""

import json
import time
from pathlib import Path
from typing import Any

from accelerator.pipeline.outputs import METRICS
from accelerator.pipeline.state import RAN, SKIPPED, PipelineState, Source, StepState
from accelerator.redaction import redact
from accelerator.runs.family import run_of_folder
from accelerator.runs.files import json_ready
from accelerator.runs.parts import CameIn, Gave, Origin, Part

_LONGEST = 500
"""So much of a value is told; its hash stands for the whole."""


def part_of_step(state: PipelineState, name: str, makes_run: bool) -> Part:
    """Return how a step that has begun stands."""
    step = as_done(state, state.step(name))
    told = {
        "kind": step.kind,
        "uses": step.uses,
        "reason": step.reason,
        "fingerprint": step.fingerprint,
        "folder": step.folder,
        "attempts": step.attempts,
    }
    is_skipped = step.state == SKIPPED
    return Part(
        name=name,
        state=step.state,
        folder=step.folder,
        run_folder=None if is_skipped else step.run_folder,
        has_run=makes_run and not is_skipped,
        came_in=tuple(_came_in(state, source) for source in step.inputs),
        gave={key: Gave(item.type, _text(item.value, key), item.hash) for key, item in step.outputs.items()},
        metrics={
            key: value for item in step.outputs.values() if item.type == METRICS for key, value in item.value.items()
        },
        taken_from=origin_of(state, step) if is_skipped else None,
        tags={key: str(value) for key, value in told.items() if value},
        time=time.time(),
    )


def as_done(state: PipelineState, step: StepState) -> StepState:
    """Return a step that was done before this command in this very pipeline as what it is: one that ran."""
    is_own = step.state == SKIPPED and (step.skipped_from, step.skipped_step) == (str(state.folder), step.name)
    return StepState(**{**vars(step), "state": RAN, "skipped_from": None, "skipped_step": None}) if is_own else step


def origin_of(state: PipelineState, step: StepState) -> Origin:
    """Return who made what a step gives: of a skipped one the step that ran, in whichever pipeline."""
    folder, name = state.folder, step.name
    if step.state == SKIPPED and step.skipped_from is not None:
        folder, name = Path(step.skipped_from), step.skipped_step or step.name
    return Origin(str(run_of_folder(folder).path), name, step.run_folder)


def _came_in(state: PipelineState, source: Source) -> CameIn:
    origin = origin_of(state, state.step(source.step)) if source.step is not None else None
    return CameIn(source.key, _text(source.value, source.key), source.hash, source.output or "", origin)


def _text(value: Any, key: str) -> str:
    text = value if isinstance(value, str) else json.dumps(json_ready(value), ensure_ascii=False)
    text = str(redact(text, key))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
