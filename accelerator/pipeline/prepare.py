"""The steps of a pipeline, made ready to be planned: configs composed, versions of their code known.

What a step that is done works by was checked when it ran: `refuse_unsound` is for those that are to run. Nothing is
imported for it: what only an import could tell, the step's own process finds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from omegaconf import DictConfig, OmegaConf

from accelerator.components import Registry
from accelerator.config.check import examine
from accelerator.config.check_pipeline import KIND
from accelerator.config.component_nodes import TARGET, component_nodes
from accelerator.config.compose import ComposedConfig, compose
from accelerator.config.pipeline_config import PipelineConfig, StepConfig
from accelerator.config.project import Project
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.saved import flatten, saved_values
from accelerator.errors import ConfigError, Problem, nearest
from accelerator.experiment.secrets_of_jobs import secrets_in
from accelerator.leaves import leaves
from accelerator.pipeline.cache import StepCache
from accelerator.pipeline.code_versions import CodeVersions, targets_in
from accelerator.pipeline.composing import EXPERIMENT, composing_overrides, makes_run
from accelerator.pipeline.fingerprint import Fingerprint, keyed_variables, relevant, variables_in
from accelerator.pipeline.inputs import Inputs


@dataclass(frozen=True)
class PreparedStep:
    """A step that can be planned: all of its fingerprint but what comes in."""

    config: StepConfig
    works_by: ComposedConfig | None
    """What it composes, as the configs were when the command began."""
    base: Fingerprint
    values: Mapping[str, Any] = field(default_factory=dict)
    """The values of what it composes, as they are saved; empty where it composes nothing."""
    makes_run: bool = False

    @property
    def name(self) -> str:
        """What the pipeline calls it."""
        return self.config.name

    @property
    def composed(self) -> ComposedConfig | None:
        """The config of an experiment; None for a component."""
        return None if self.config.experiment is None else self.works_by

    def fingerprint(self, inputs: Inputs) -> Fingerprint:
        """Return the fingerprint with what comes in."""
        return replace(self.base, inputs={**self.base.inputs, **inputs.hashes})


def prepare(pipeline: PipelineConfig, project: Project, registry: Registry, cache: StepCache) -> list[PreparedStep]:
    """Return all steps in the order in which they are run.

    Raises:
        ConfigError: the config of a step does not compose; carries the problems of all steps.
    """
    code = CodeVersions(project, registry, cache.hashes)
    made: list[PreparedStep] = []
    problems: dict[str, list[Problem]] = {}
    for step in in_order(pipeline.steps):
        try:
            made.append(_prepare(step, project, registry, cache, code))
        except ConfigError as error:
            problems[step.name] = [_of_step(item, step, pipeline) for item in error.problems]
    if problems:
        raise _all_told(made, pipeline, registry, problems)
    return made


def refuse_unsound(steps: Iterable[PreparedStep], pipeline: PipelineConfig, registry: Registry) -> None:
    """Refuse steps that cannot run by the configs that they compose.

    Raises:
        ConfigError: carries the problems of all of them.
    """
    told = _all_told(steps, pipeline, registry, {})
    if told.problems:
        raise told


def _all_told(
    steps: Iterable[PreparedStep], pipeline: PipelineConfig, registry: Registry, known: Mapping[str, list[Problem]]
) -> ConfigError:
    """Return the problems of all steps, in their order: the known ones, and what the configs of `steps` have."""
    found = dict(known)
    for item in steps:
        if item.works_by is not None:
            problems = _problems_of(item.config, item.works_by, item.values, registry)
            found[item.name] = [_of_step(problem, item.config, pipeline) for problem in problems]
    ordered = [problem for step in in_order(pipeline.steps) for problem in found.get(step.name, ())]
    return ConfigError(list(dict.fromkeys(ordered)))


def _of_step(problem: Problem, step: StepConfig, pipeline: PipelineConfig) -> Problem:
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


def in_order(steps: Sequence[StepConfig]) -> list[StepConfig]:
    """Return steps so that each comes after those that it needs, else as written. There is no circle among them."""
    placed: dict[str, StepConfig] = {}
    waiting = list(steps)
    while waiting:
        step = next(item for item in waiting if all(name in placed for name in item.needs))
        placed[step.name] = step
        waiting.remove(step)
    return list(placed.values())


def dependants(name: str, steps: Iterable[StepConfig]) -> set[str]:
    """Return the steps that need a step, directly or through others; `steps` are in order."""
    found = {name}
    for step in steps:
        if found & set(step.needs):
            found.add(step.name)
    return found - {name}


def _prepare(
    step: StepConfig, project: Project, registry: Registry, cache: StepCache, code: CodeVersions
) -> PreparedStep:
    node = dict(step.node or {})
    given, targets = dict(leaves(node)) if node else {}, list(targets_in(node, KIND))
    variables = _variables_of([*given.values(), *dict(leaves(step.inputs)).values()], cache)
    overrides = composing_overrides(step, project, registry)
    has_run = makes_run(step, project, registry)
    if overrides is None:
        base = Fingerprint(step.uses, given, {}, code.of_targets(targets, given.values()), variables)
        return PreparedStep(step, None, base, makes_run=has_run)
    composed, values = _composed(step, overrides, project, registry)
    flat = flatten(values)
    targets += [(item.kind, item.target) for item in component_nodes(composed) if isinstance(item.target, str)]
    counted = relevant(flat, step.inputs)
    variables |= _variables_of(counted.values(), cache)
    uses = step.uses if step.node else EXPERIMENT
    base = Fingerprint(uses, {**given, **counted}, {}, code.of_targets(targets, given.values()), variables)
    return PreparedStep(step, composed, base, values, has_run)


def _variables_of(values: Iterable[Any], cache: StepCache) -> dict[str, str]:
    """Return a keyed hash of each environment variable that values name; the key is made when there is one."""
    names = variables_in(values)
    return keyed_variables(names, cache.key()) if names else {}


def _composed(
    step: StepConfig, overrides: tuple[str, ...], project: Project, registry: Registry
) -> tuple[ComposedConfig, dict[str, Any]]:
    """Return the config that a step works by, and its values as they are saved."""
    composed = compose(overrides, project=project, registry=registry)
    try:
        return composed, saved_values(composed)
    except ConfigError as error:  # it has told of the first thing that is wrong
        raise ConfigError(examine(composed, registry).problems or error.problems) from error


def _problems_of(
    step: StepConfig, composed: ComposedConfig, values: Mapping[str, Any], registry: Registry
) -> list[Problem]:
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
            yield Problem(f"steps.{step.name}.inputs.{key}", text, "Correct it")
