"""Analyses of data and of models as runs of their own: the part that needs torch."""

import json
import time
from collections.abc import Mapping
from typing import Any

from accelerator.analysis import data as data_analysis
from accelerator.analysis import model as model_analysis
from accelerator.config.compose import ComposedConfig
from accelerator.experiment.execution import carry_out
from accelerator.experiment.outcome import Outcome, Say
from accelerator.experiment.piece_of_work import run_work, some_batch
from accelerator.report.data_page import data_page
from accelerator.report.model_page import model_page
from accelerator.runs.files import json_ready
from accelerator.runs.summary import COMPLETED
from accelerator.runtime.context import Context
from accelerator.runtime.data.splits import SPLITS
from accelerator.runtime.data.transforms import batch_size_of
from accelerator.runtime.events import compile_events
from accelerator.runtime.loop.data_record import record_data
from accelerator.runtime.scalars import Point


def analyze_data_of(config: ComposedConfig, say: Say) -> Outcome:
    """Analyse the data of a config."""
    context = _built(config)
    say("Reading every sample of every split")
    found: list[str] = []

    def work() -> None:
        if context.settings.is_tracked:
            record_data(context, SPLITS)
        analysis = data_analysis.analyze(context.data, context.settings.seed)
        defects = {name: item.count for name, item in analysis.defects.items()}
        found.extend(f"{name.replace('_', ' ')} {count}" for name, count in defects.items() if count)
        content = analysis.to_json()
        page = data_page(content, context.settings.name, _choice(config, "data"))
        _keep(context, "data", content, page, {"samples": content["samples"]["count"], **defects})

    outcome = carry_out(context, lambda: run_work(context, work))
    if outcome.summary.status == COMPLETED:
        say(f"Found: {', '.join(found)}" if found else "Nothing is wrong with it")
        say(f"The page: {outcome.folder.analysis / 'data.html'}")
    return outcome


def analyze_model_of(config: ComposedConfig, say: Say) -> Outcome:
    """Analyse the model of a config on a batch of its data."""
    context = _built(config)
    batch = some_batch(context)
    size = batch_size_of(batch)
    say(f"Running the model on {size} samples, on {', '.join(context.engine.report())}")
    told: list[str] = []

    def work() -> None:
        one = {name: _first(value, size) for name, value in batch.items()}
        analysis = model_analysis.analyze(
            context.model, lambda: _predict(context, batch), lambda: _predict(context, one), size
        )
        told.extend(analysis.bottlenecks)
        content = analysis.to_json()
        page = model_page(content, context.settings.name, _choice(config, "model"))
        figures = ("parameters", "flops", "latency_median", "latency_p95")
        _keep(context, "model", content, page, {name: content[name] for name in figures})

    outcome = carry_out(context, lambda: run_work(context, work))
    if outcome.summary.status == COMPLETED:
        for text in told:
            say(text)
        say(f"The page: {outcome.folder.analysis / 'model.html'}")
    return outcome


def _built(config: ComposedConfig) -> Context:
    context = Context.from_config(config)
    context.build()
    context.events = compile_events({})  # an analysis is no training: callbacks have nothing to hear
    return context


def _keep(context: Context, name: str, content: Mapping[str, Any], page: str, figures: Mapping[str, float]) -> None:
    """Write JSON and page into the run folder, and the figures as metrics `<name>/<figure>`."""
    metrics = {f"{name}/{figure}": float(value) for figure, value in figures.items()}
    context.state.metrics.update(metrics)
    if context.recorder is None:
        return
    now, folder = time.time(), context.recorder.folder.analysis
    context.recorder.points(Point(metric, value, 0, 0, now) for metric, value in metrics.items())
    context.recorder.keep(folder / f"{name}.json", json.dumps(json_ready(dict(content)), indent=2) + "\n")
    context.recorder.keep(folder / f"{name}.html", page)


def _predict(context: Context, batch: Mapping[str, Any]) -> Any:
    with context.engine.autocast():
        return context.task.prediction_step(context, batch)


def _first(value: Any, size: int) -> Any:
    """Return the part of a batch's field that belongs to the first sample."""
    try:
        return value[:1] if len(value) == size else value
    except TypeError:  # a number, or what has no length
        return value


def _choice(config: ComposedConfig, key: str) -> str:
    return f"{key}: {config[key].get('_target_')}, seed {config.seed}"
