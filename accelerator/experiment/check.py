"""Checking configs without running them: the one of a command, or every experiment and pipeline there is."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from accelerator.components import Registry
from accelerator.config.check_command import compose_sound, override_of
from accelerator.config.check_pipeline import check_pipeline
from accelerator.config.groups import configs_of
from accelerator.config.project import Project, search_path
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
            {"config": self.name, **asdict(item), "override": override_of(item, overrides)} for item in self.problems
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
        compose_sound(overrides, project=project, registry=registry)
        return Checked(name, (), rehearse(overrides, project=project) if dry_run else "")
    except ConfigError as error:
        return Checked(name, error.problems)
    except InputError as error:
        return Checked(name, (Problem("", str(error)),))
