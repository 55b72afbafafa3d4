"""Exports of models as runs of their own: the part that needs torch."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from accelerator.config.compose import ComposedConfig
from accelerator.config.saved import saved_values, yaml_of
from accelerator.errors import ComponentError, RunFailedError
from accelerator.experiment.execution import carry_out
from accelerator.experiment.export import SUFFIXES, Format
from accelerator.experiment.load_model import load_model
from accelerator.experiment.outcome import Outcome, Say
from accelerator.experiment.piece_of_work import run_work, some_batch
from accelerator.experiment.restored import restored
from accelerator.runs.files import json_ready
from accelerator.runs.new_file import NewFile
from accelerator.runs.run import Run
from accelerator.runs.summary import COMPLETED
from accelerator.runtime.checkpoint.saver import model_state
from accelerator.runtime.context import Context
from accelerator.runtime.events import compile_events
from accelerator.runtime.export.comparison import comparable_calls, compare_outputs, largest_output
from accelerator.runtime.export.model_call import ModelCall, capture_call
from accelerator.runtime.export.onnx_file import open_onnx, write_onnx
from accelerator.runtime.export.safetensors_file import Header, write_safetensors
from accelerator.runtime.export.tensors import named_tensors
from accelerator.runtime.export.traced import trace
from accelerator.runtime.scalars import Point

TOLERANCE = 1e-4
"""The largest difference between outputs that is let pass, times the largest output where that is above 1."""
METRIC = "export/max_abs_difference"
REPORT = "export.json"

Called = Callable[..., Any]


@dataclass(frozen=True)
class Written:
    """A file that was written: what calls it, and the batch sizes that it takes."""

    call: Called
    is_dynamic: bool = True
    fixed_because: str = ""


@dataclass(frozen=True)
class Report:
    """What `export.json` holds."""

    format: str
    path: str
    size: int
    sha256: str
    checkpoint: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    dynamic_batch: bool
    fixed_because: str
    compared_samples: Sequence[int]
    max_abs_difference: float
    tolerance: float


def export_checkpoint(config: ComposedConfig, run: Run, path: Path, format: Format, alias: str, say: Say) -> Outcome:
    """Write the model of a run's checkpoint into a file, as a run of its own that names the run as its parent."""
    reports: list[Report] = []
    with NewFile(path, f"model{SUFFIXES[format]}") as file:
        context, name = restored(config, run, alias)
        context.events = compile_events({})  # an export is no training: callbacks have nothing to hear
        batch = some_batch(context)
        say(f"Exporting {run.folder.path}, {name}, as {format}")
        outcome = carry_out(
            context, lambda: run_work(context, lambda: reports.append(_export(context, batch, file, format)))
        )
    if outcome.summary.status == COMPLETED:
        for line in _lines(reports[0]):
            say(line)
    return outcome


def _export(context: Context, batch: Mapping[str, Any], file: NewFile, format: Format) -> Report:
    call = capture_call(context, batch)
    names = [name or "output" for name, _ in named_tensors(call.outputs())]
    if not names:
        raise ComponentError(f"model: {type(call.model).__name__} gives no tensor. Give one, or a mapping of tensors.")
    try:
        written = WRITERS[format](context, call, file.beside, names)
        compared = comparable_calls(call, is_dynamic=written.is_dynamic)
        differences = [compare_outputs(written.call, item) for item in compared]
        report = Report(
            format=format,
            path=str(file.path),
            size=file.beside.stat().st_size,
            sha256=_sha256(file.beside),
            checkpoint=context.state.checkpoint.name if context.state.checkpoint is not None else "",
            inputs=call.input_names,
            outputs=names,
            dynamic_batch=written.is_dynamic,
            fixed_because=written.fixed_because,
            compared_samples=[item.samples for item in compared],
            max_abs_difference=max(differences),
            tolerance=TOLERANCE * max(1.0, largest_output(call)),
        )
    except OSError as error:
        raise file.refused(error) from error
    _record(context, report)
    if not report.max_abs_difference <= report.tolerance:
        raise RunFailedError(
            f"The exported model's outputs differ from the original's by up to {report.max_abs_difference:.3g}, and "
            f"{report.tolerance:.3g} is allowed: {file.path} was not written. Look for what the model does not keep in "
            f"its state_dict, and for randomness in its forward."
        )
    file.publish()
    return report


def _record(context: Context, report: Report) -> None:
    context.state.metrics[METRIC] = report.max_abs_difference
    if context.recorder is None:
        return
    context.recorder.points(
        [Point(METRIC, report.max_abs_difference, context.state.step, context.state.epoch, time.time())]
    )
    text = json.dumps(json_ready(asdict(report)), indent=2) + "\n"
    context.recorder.keep(context.recorder.folder.path / REPORT, text)


def _lines(report: Report) -> list[str]:
    lines = [
        f"Largest difference between the outputs on a real batch: {report.max_abs_difference:.3g} "
        f"({report.tolerance:.3g} is allowed)"
    ]
    if not report.dynamic_batch:
        lines.append(
            f"It takes batches of {report.compared_samples[0]} samples alone, because {report.fixed_because}. "
            f"Choose another size with loader.evaluation_batch_size=1"
        )
    return [*lines, f"The model, {report.size} bytes: {report.path}"]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_safetensors(context: Context, call: ModelCall, path: Path, names: Sequence[str]) -> Written:
    del names
    assert context.config is not None
    config = yaml_of({"model": saved_values(context.config)["model"]})
    header = Header(config, context.data.facts, context.settings.parent or "", context.state.step)
    write_safetensors(path, model_state(call.model), header)
    loaded = load_model(path, project=context.settings.project.root)
    return Written(loaded)


def _write_torch_export(context: Context, call: ModelCall, path: Path, names: Sequence[str]) -> Written:
    del context, names
    traced = trace(call)
    with path.open("wb") as file:  # by name it wants the suffix .pt2
        torch.export.save(traced.program, file)
    with path.open("rb") as file:
        loaded = torch.export.load(file)
    return Written(loaded.module(), traced.is_dynamic, traced.fixed_because)


def _write_onnx(context: Context, call: ModelCall, path: Path, names: Sequence[str]) -> Written:
    del context
    traced = trace(call)
    write_onnx(traced, path, names)
    return Written(open_onnx(path), traced.is_dynamic, traced.fixed_because)


WRITERS: Mapping[Format, Callable[[Context, ModelCall, Path, Sequence[str]], Written]] = {
    "safetensors": _write_safetensors,
    "torch_export": _write_torch_export,
    "onnx": _write_onnx,
}
