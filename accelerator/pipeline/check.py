"""Checking without running: the config of a command, a pipeline with all that its steps compose, or all there are."""

from collections.abc import Iterator, Sequence

from accelerator.components import Registry
from accelerator.config.groups import configs_below
from accelerator.config.pipeline_config import CHOICE, GROUP, PipelineConfig, StepConfig, read_pipeline
from accelerator.config.project import Project, search_path
from accelerator.errors import ConfigError, Problem, UsageError
from accelerator.experiment import check as experiments
from accelerator.experiment.check import Checked
from accelerator.pipeline.composing import composing_overrides
from accelerator.pipeline.step_configs import as_of_pipeline, compose_step, problems_of_step


def check(
    overrides: Sequence[str] = (), *, project: Project, every: bool = False, dry_run: bool = False
) -> list[Checked]:
    """Check the config that the overrides compose, or the pipeline that `pipeline=NAME` among them names.

    With `every`, check each experiment with the overrides on top, and each pipeline. With `dry_run` an experiment that
    is sound takes one real optimizer step, and is saved and loaded.

    Raises:
        UsageError: `dry_run` of a pipeline.
    """
    is_of_pipeline = not every and any(item.startswith(CHOICE) for item in overrides)
    if is_of_pipeline and dry_run:
        raise UsageError(
            "accelerator configure check: --dry_run takes a step of one experiment, and a pipeline has several. Leave "
            "it out, or see what would run with accelerator pipeline run NAME --plan."
        )
    if is_of_pipeline:
        return [Checked("", _problems(None, overrides, project, Registry.discover(project.root)))]
    found = experiments.check(overrides, project=project, every=every, dry_run=dry_run)
    return [*found, *_pipelines(project)] if every else found


def _pipelines(project: Project) -> Iterator[Checked]:
    registry = Registry.discover(project.root)
    for item in configs_below(GROUP, search_path(project, registry)):
        yield Checked(f"{GROUP}/{item.name}", _problems(item.name, (), project, registry))


def _problems(name: str | None, overrides: Sequence[str], project: Project, registry: Registry) -> tuple[Problem, ...]:
    try:
        pipeline = read_pipeline(name, overrides, project, registry)
    except ConfigError as error:
        return error.problems
    found = (problem for step in pipeline.steps for problem in _of_step(step, pipeline, project, registry))
    return tuple(dict.fromkeys(found))


def _of_step(step: StepConfig, pipeline: PipelineConfig, project: Project, registry: Registry) -> list[Problem]:
    overrides = composing_overrides(step, project, registry)
    if overrides is None:
        return []
    try:
        problems = problems_of_step(step, *compose_step(step, overrides, project, registry), registry)
    except ConfigError as error:
        problems = list(error.problems)
    return [as_of_pipeline(problem, step, pipeline) for problem in problems]
