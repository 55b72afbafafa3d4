"""What a step gives: values of six types, each with a hash that the steps after it are fingerprinted by.

A step returns a mapping by name. A plain value is a `value`, a `Path` a `file` or a `folder`, a `Run` a `run`; the
functions here say what cannot be told so: `checkpoint` and `metrics`.

    return {"run": Run(folder), "scores": metrics({"test/accuracy": 0.98}), "table": step_context.folder / "a.parquet"}
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from accelerator.errors import RunFailedError
from accelerator.runs.files import json_ready
from accelerator.runs.run import Run

CHECKPOINT = "checkpoint"
RUN = "run"
METRICS = "metrics"
FILE = "file"
FOLDER = "folder"
VALUE = "value"
PATHS = (CHECKPOINT, RUN, FILE, FOLDER)
"""The types whose value is a path."""
TYPES = (*PATHS, METRICS, VALUE)


@dataclass(frozen=True)
class Output:
    """One thing that a step gives."""

    type: str
    """One of `TYPES`."""
    value: Any
    """An absolute path as text; of metrics a mapping from name to number; else what JSON can hold."""
    hash: str = ""
    """Of its content; "" before it is known."""
    checkpoints_hash: str = ""
    """Of a run or a checkpoint: of all files of its checkpoints, of which `hash` tells the models alone."""

    @property
    def path(self) -> Path | None:
        """Where it lies; None for metrics and values."""
        return Path(self.value) if self.type in PATHS else None

    @property
    def as_input(self) -> Any:
        """What a step gets that asks for it: a `Path`, a mapping of metrics, or the value itself."""
        return Path(self.value) if self.type in PATHS else self.value


def checkpoint(path: Path) -> Output:
    """Return a checkpoint's folder (`checkpoints/step-00001200` of a run) as an output."""
    return Output(CHECKPOINT, str(path.absolute()))


def run(path: Path) -> Output:
    """Return a run's folder as an output."""
    return Output(RUN, str(path.absolute()))


def metrics(values: Mapping[str, float]) -> Output:
    """Return metrics by name as an output; a later step may ask for one: `${step_output:NAME.scores.test/loss}`."""
    return Output(METRICS, {str(name): float(value) for name, value in values.items()})


def file(path: Path) -> Output:
    """Return a file as an output."""
    return Output(FILE, str(path.absolute()))


def folder(path: Path) -> Output:
    """Return a folder, with all that is in it, as an output."""
    return Output(FOLDER, str(path.absolute()))


def value(content: Any) -> Output:
    """Return a number, a text, a truth value, or a list or mapping of these as an output."""
    return Output(VALUE, json_ready(content))


def read_outputs(returned: Any, declared: tuple[str, ...], step: str) -> dict[str, Output]:
    """Return what a step's component gave, as outputs by name.

    Args:
        returned: what it returned.
        declared: the names that its `@gives` declares.
        step: the name of the step, for messages.

    Raises:
        RunFailedError: it is no mapping by name, lacks a name that was declared, names a file that is not there, or
            holds what cannot be written down.
    """
    if not isinstance(returned, Mapping):
        raise RunFailedError(
            f"Step '{step}' returned {type(returned).__name__}, and a mapping of its outputs by name is needed. "
            f'Return for example {{"table": step_context.folder / "table.parquet"}}, or {{}} when it gives nothing.'
        )
    outputs = {str(name): _as_output(str(name), item, step) for name, item in returned.items()}
    missing = [name for name in declared if name not in outputs]
    if missing:
        raise RunFailedError(
            f"Step '{step}' left no output '{missing[0]}', which its @gives declares. It gave: "
            f"{', '.join(sorted(outputs)) or 'nothing'}. Return it, or take it out of @gives."
        )
    for name, output in outputs.items():
        if output.path is not None and not output.path.exists():
            raise RunFailedError(
                f"Step '{step}' left no output '{name}': there is no {output.path}. Write it before the step returns."
            )
    return outputs


def _as_output(name: str, item: Any, step: str) -> Output:
    if isinstance(item, Output):
        return _sound(name, item, step)
    if isinstance(item, Run):
        return run(item.folder.path)
    if isinstance(item, Path):
        return folder(item) if item.is_dir() else file(item)
    return Output(VALUE, _plain(name, item, step))


def _sound(name: str, output: Output, step: str) -> Output:
    """Return an output that a step has made itself, if it is what the functions here would have made."""
    kind, content = output.type, output.value
    if kind == VALUE:
        return Output(VALUE, _plain(name, content, step))
    if kind == METRICS and isinstance(content, Mapping) and all(isinstance(item, Real) for item in content.values()):
        return metrics(content)
    if kind in PATHS and isinstance(content, str | Path):
        return Output(kind, str(Path(content).absolute()))
    raise RunFailedError(
        f"Step '{step}' gave as '{name}' an Output of type {kind!r} that holds a {type(content).__name__}. Make it "
        f"with file(path), folder(path), run(path), checkpoint(path), metrics({{...}}) or value(...) of "
        f"accelerator.pipeline.outputs."
    )


def _plain(name: str, item: Any, step: str) -> Any:
    """Return a value as JSON holds it; numbers of numpy are numbers."""
    if isinstance(item, Mapping) and all(isinstance(part, str) for part in item):
        return {part: _plain(name, content, step) for part, content in item.items()}
    if isinstance(item, list | tuple):
        return [_plain(name, part, step) for part in item]
    if item is None or isinstance(item, str | bool):
        return item
    if isinstance(item, Integral):
        return int(item)
    if isinstance(item, Real) and math.isfinite(item):
        return float(item)
    what = f"{float(item)}" if isinstance(item, Real) else f"a {type(item).__name__}"
    raise RunFailedError(
        f"Step '{step}' gave {what} as '{name}', which cannot be written down. Give a finite number, a text, a list or "
        f"mapping of these, metrics({{...}}), or write a file into step_context.folder and give its path."
    )
