"""What is wrong with the configs that the steps of a pipeline compose, told as problems of the pipeline.

Nothing is imported for it: what only an import could tell, the step's own process finds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig, OmegaConf

from accelerator.components import Registry
from accelerator.config.check import examine
from accelerator.config.component_nodes import TARGET
from accelerator.config.compose import ComposedConfig, compose
from accelerator.config.pipeline_config import PipelineConfig, StepConfig
from accelerator.config.project import Project
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.saved import flatten, saved_values
from accelerator.errors import ConfigError, Problem, nearest
from accelerator.experiment.secrets_of_jobs import secrets_in


def compose_step(
    step: StepConfig, overrides: tuple[str, ...], project: Project, registry: Registry
) -> tuple[ComposedConfig, dict[str, Any]]:
    """Return the config that a step works by, and its values as they are saved.

    Raises:
        ConfigError: it does not compose, or a value of it cannot be told.
    """
    composed = compose(overrides, project=project, registry=registry)
    try:
        return composed, saved_values(composed)
    except ConfigError as error:  # it has told of the first thing that is wrong
        raise ConfigError(examine(composed, registry).problems or error.problems) from error


def problems_of_step(
    step: StepConfig, composed: ComposedConfig, values: Mapping[str, Any], registry: Registry
) -> list[Problem]:
    """Return what is wrong with the config that a step works by, and with the inputs that set its keys."""
    flat = flatten(values)
    return examine(composed, registry).problems or [*_unknown_inputs(step, composed, flat), *secrets_in(composed, flat)]


def _unknown_inputs(step: StepConfig, composed: ComposedConfig, known: Mapping[str, Any]) -> Iterator[Problem]:
    for key in map(str, step.inputs):
        is_there = key in known or any(name.startswith(f"{key}.") for name in known)
        above = OmegaConf.select(composed, key.rpartition(".")[0]) if "." in key else None
        if not is_there and not (
            isinstance(above, DictConfig) and TARGET in above
        ):  # a component may take what no config names
            close = nearest(key, known)
            guess = f"Did you mean '{close}'? " if close else ""
            text = f"the experiment '{step.uses}' has no such key. {guess}An input sets one"
            yield Problem(f"steps.{step.name}.inputs.{key}", text, "Correct it, or add that key to the experiment")


def as_of_pipeline(problem: Problem, step: StepConfig, pipeline: PipelineConfig) -> Problem:
    """Return a problem of a step's config as one of the pipeline: its key says which step, or where in the file."""
    if problem.key.startswith(f"steps.{step.name}."):
        return replace(problem, source=pipeline.places.place_of(problem.key))
    source = problem.source
    if source == COMMAND_LINE and not any(_sets(text, problem.key, step.name) for text in pipeline.overrides):
        source = pipeline.places.place_of(f"steps.{step.name}.{'step.' if step.node else ''}overrides")
    return replace(problem, key=f"{step.name}:{problem.key}" if problem.key else step.name, source=source)


def _sets(override: str, key: str, step: str) -> bool:
    """Tell whether an override as it was typed, to all experiments or to one, is about a key or what lies above it."""
    set_key = override.lstrip("+~").removeprefix(f"{step}:").partition("=")[0]
    return key == set_key or key.startswith(f"{set_key}.")
