"""Checking configs without running them: the one of a command, or every experiment there is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from accelerator.components import Registry
from accelerator.config.check_command import compose_sound, override_of
from accelerator.config.groups import configs_below
from accelerator.config.project import Project, search_path
from accelerator.errors import AcceleratorError, ConfigError, Problem
from accelerator.experiment.dry_run import dry_run as rehearse
from accelerator.redaction import redact_text


@dataclass(frozen=True)
class Checked:
    """What was found in one config. `name` is `experiment/digits_resnet`; "" is the config of the command."""

    name: str
    problems: tuple[Problem, ...]
    note: str = ""
    """What a dry run saw."""

    def to_text(self, overrides: Sequence[str]) -> list[str]:
        """Return the problems as lines; what the command set is said to come from that override."""
        pairs = ((item, redact_text(override_of(item, overrides))) for item in self.problems)
        return [str(replace(item, source=f"override {override}") if override else item) for item, override in pairs]

    def to_json(self, overrides: Sequence[str]) -> list[dict[str, Any]]:
        """Return the problems as objects: config, key, value, source, override, what, remedy."""
        return [
            {"config": self.name, **asdict(item), "override": redact_text(override_of(item, overrides))}
            for item in self.problems
        ]


def check(
    overrides: Sequence[str] = (), *, project: Project, every: bool = False, dry_run: bool = False
) -> list[Checked]:
    """Check the config that the overrides compose; with `every`, each experiment with them on top.

    With `dry_run` what is sound takes one real optimizer step, and is saved and loaded.
    """
    registry = Registry.discover(project.root)
    if not every:
        return [_checked("", overrides, project, registry, dry_run=dry_run)]
    return [
        _checked(f"experiment/{item.name}", [f"experiment={item.name}", *overrides], project, registry, dry_run=dry_run)
        for item in configs_below("experiment", search_path(project, registry))
    ]


def _checked(name: str, overrides: Sequence[str], project: Project, registry: Registry, *, dry_run: bool) -> Checked:
    try:
        compose_sound(overrides, project=project, registry=registry)
        return Checked(name, (), rehearse(overrides, project=project) if dry_run else "")
    except ConfigError as error:
        return Checked(name, error.problems)
    except AcceleratorError as error:  # a dry run may fail in any way: the others are tried all the same
        return Checked(name, (Problem("", str(error)),))
