"""Checking configs without running them: the one of a command, or every experiment and pipeline there is."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from accelerator.components import Registry
from accelerator.config.check import check_config
from accelerator.config.check_pipeline import check_pipeline
from accelerator.config.compose import compose
from accelerator.config.groups import configs_of
from accelerator.config.project import Project, search_path
from accelerator.config.provenance import COMMAND_LINE
from accelerator.errors import ConfigError, InputError, Problem
from accelerator.experiment.dry_run import dry_run as rehearse


@dataclass(frozen=True)
class Checked:
    """What was found in one config. `name` is `experiment/digits_resnet`; "" is the config of the command."""

    name: str
    problems: tuple[Problem, ...]
    note: str = ""
    """What a dry run saw."""

    def to_json(self, overrides: Sequence[str]) -> list[dict[str, Any]]:
        """Return the problems as objects: config, key, value, source, override, what, remedy."""
        return [
            {"config": self.name, **asdict(item), "override": _override_of(item, overrides)} for item in self.problems
        ]


def check(
    overrides: Sequence[str] = (), *, project: Project, every: bool = False, dry_run: bool = False
) -> list[Checked]:
    """Check the config that the overrides compose; with `every`, each experiment with them on top, and each pipeline.

    With `dry_run` what is sound takes one real optimizer step, and is saved and loaded.
    """
    registry = Registry.discover(project.root)
    if not every:
        return [_checked("", overrides, project, registry, dry_run=dry_run)]
    found = [
        _checked(f"experiment/{name}", [f"experiment={name}", *overrides], project, registry, dry_run=dry_run)
        for name in _names("experiment", project, registry)
    ]
    sources = search_path(project, registry)
    pipelines = configs_of("pipeline", sources)
    return found + [
        Checked(f"pipeline/{item.name}", tuple(check_pipeline(item, registry, project, sources))) for item in pipelines
    ]


def _names(group: str, project: Project, registry: Registry) -> Iterator[str]:
    return (item.name for item in configs_of(group, search_path(project, registry)))


def _checked(name: str, overrides: Sequence[str], project: Project, registry: Registry, *, dry_run: bool) -> Checked:
    try:
        problems = check_config(compose(overrides, project=project, registry=registry), registry)
        if problems or not dry_run:
            return Checked(name, tuple(problems))
        return Checked(name, (), rehearse(overrides, project=project))
    except ConfigError as error:
        return Checked(name, error.problems)
    except InputError as error:
        return Checked(name, (Problem("", str(error)),))


def _override_of(problem: Problem, overrides: Sequence[str]) -> str:
    """Return the override that set what a problem is about; "" when a file did."""
    keys = {item: item.lstrip("+~").partition("=")[0].rpartition("@")[2] for item in overrides}
    found = [item for item, key in keys.items() if problem.key == key or problem.key.startswith((f"{key}.", f"{key}["))]
    return found[-1] if found and problem.source == COMMAND_LINE else ""
