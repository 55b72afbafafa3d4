"""The steps of a pipeline, made ready to be planned: configs composed, versions of their code known.

What a step that is done works by was checked when it ran: `refuse_unsound` is for those that are to run. Nothing is
imported for it: what only an import could tell, the step's own process finds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accelerator.components import Registry
from accelerator.config.check_pipeline import KIND
from accelerator.config.component_nodes import component_nodes
from accelerator.config.compose import ComposedConfig
from accelerator.config.pipeline_config import PipelineConfig, StepConfig
from accelerator.config.project import Project
from accelerator.config.saved import flatten
from accelerator.errors import ConfigError, Problem
from accelerator.leaves import leaves
from accelerator.pipeline.cache import StepCache
from accelerator.pipeline.code_versions import CodeVersions, targets_in
from accelerator.pipeline.composing import EXPERIMENT, composing_overrides, makes_run
from accelerator.pipeline.fingerprint import Fingerprint, keyed_variables, relevant, variables_in
from accelerator.pipeline.inputs import Inputs
from accelerator.pipeline.step_configs import as_of_pipeline, compose_step, problems_of_step


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
            problems[step.name] = [as_of_pipeline(item, step, pipeline) for item in error.problems]
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
            problems = problems_of_step(item.config, item.works_by, item.values, registry)
            found[item.name] = [as_of_pipeline(problem, item.config, pipeline) for problem in problems]
    ordered = [problem for step in in_order(pipeline.steps) for problem in found.get(step.name, ())]
    return ConfigError(list(dict.fromkeys(ordered)))


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
    composed, values = compose_step(step, overrides, project, registry)
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
