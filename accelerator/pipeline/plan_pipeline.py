"""Planning a pipeline by name: what it would do with each step, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.components import Registry
from accelerator.config.compose import ComposedConfig, compose
from accelerator.config.pipeline_config import PipelineConfig, is_of_whole, read_pipeline
from accelerator.config.project import Project
from accelerator.config.saved import saved_values
from accelerator.experiment.outcome import Say, say_nothing
from accelerator.experiment.secrets_of_jobs import refuse_secrets
from accelerator.pipeline.cache import StepCache
from accelerator.pipeline.missing_files import told_of_step
from accelerator.pipeline.planner import LEAVE, SKIP, Decision, Planner
from accelerator.pipeline.prepare import PreparedStep, prepare, refuse_unsound
from accelerator.pipeline.selection import Selection

ALL_STEPS = Selection()


@dataclass(frozen=True)
class Planned:
    """A pipeline that can be run: its planner, and where it belongs."""

    pipeline: PipelineConfig
    planner: Planner
    output: Path
    trust: tuple[str, ...]
    decisions: tuple[Decision, ...]
    tracking: Mapping[str, Any] | None
    """The `tracking` node that the run of the whole is tracked by, as saved; None: it is not."""


def plan_pipeline(
    name: str | None,
    overrides: Sequence[str] = (),
    *,
    selection: Selection = ALL_STEPS,
    project: Project,
    say: Say = say_nothing,
) -> Planned:
    """Say what a pipeline would do with each step, and why; nothing is run.

    Raises:
        InputError: the pipeline, one of its steps or a flag is wrong; all problems of the configs are told.
    """
    registry = Registry.discover(project.root)
    pipeline = read_pipeline(name, overrides, project, registry)
    refuse_secrets(pipeline.overrides)
    own = compose([item for item in pipeline.overrides if is_of_whole(item)], project=project, registry=registry)
    output = project.absolute(str(own.paths.output))
    cache = StepCache(output)
    steps = prepare(pipeline, project, registry, cache)
    selection.check([step.config for step in steps])
    planner = Planner(pipeline.name, steps, selection, cache, project)
    decisions = tuple(planner.plan())
    to_run = [item.step for item in decisions if item.action not in (SKIP, LEAVE)]
    refuse_unsound(to_run, pipeline, registry)
    cache.hashes.save()
    missing = [note for step in to_run for note in told_of_step(step.config, pipeline, project)]
    for note in [*cache.notes, *missing]:
        say(note)
    trust = tuple(item for item in own.trust if isinstance(item, str))
    return Planned(pipeline, planner, output, trust, decisions, _tracking(steps, own))


def _tracking(steps: Sequence[PreparedStep], own: ComposedConfig) -> Mapping[str, Any] | None:
    """Return the tracker of the first step that has one; where no step composes a config, that of the project."""
    of_steps = [step.values.get("tracking") for step in steps if step.works_by is not None]
    if of_steps:
        return next((tracker for tracker in of_steps if tracker is not None), None)
    tracker: Mapping[str, Any] | None = saved_values(own).get("tracking")
    return tracker
