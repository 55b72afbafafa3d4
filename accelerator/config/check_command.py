"""All problems of what a command asks for, in one list: a wrong name does not hide a wrong value."""

from collections.abc import Collection, Iterable, Sequence

from accelerator.components import Registry
from accelerator.config.check import check_config, examine
from accelerator.config.compose import ComposedConfig, compose
from accelerator.config.project import Project
from accelerator.config.provenance import COMMAND_LINE
from accelerator.errors import ConfigError, Problem

_REFERRED_TO = frozenset({"experiment", "task", "data", "loss", "metric", "debug"})
"""Groups without whose choice it cannot be told which fields and metrics there are."""


def compose_sound(overrides: Sequence[str], *, project: Project, registry: Registry) -> ComposedConfig:
    """Compose a config and check it.

    Raises:
        ConfigError: it does not compose, or it has problems; carries all of them.
    """
    try:
        config = compose(overrides, project=project, registry=registry)
    except ConfigError as error:
        raise ConfigError([*error.problems, *_Besides(project, registry).look(error.problems, overrides)]) from error
    problems = check_config(config, registry)
    if problems:
        raise ConfigError(problems)
    return config


def override_of(problem: Problem, overrides: Sequence[str]) -> str:
    """Return the override that set what a problem is about; "" when a file did."""
    found = [item for item in overrides if _is_at_or_below(problem.key, [_key(item)])]
    found = found or [item for item in overrides if _is_at_or_below(_key(item), [problem.key])]
    found.sort(key=lambda item: len(_key(item)))  # `model.width=a` rather than the `model=mlp` behind it
    return found[-1] if found and problem.source == COMMAND_LINE else ""


class _Besides:
    """Looks for what is wrong beside what kept a config from being composed, as far as that shows without importing.

    It is composed again without the overrides at fault; what stands at or below their keys is not what was meant.
    """

    def __init__(self, project: Project, registry: Registry) -> None:
        self._project = project
        self._registry = registry
        self._left_out: list[str] = []

    def look(self, found: Iterable[Problem], overrides: Sequence[str]) -> list[Problem]:
        at_fault = {override_of(problem, overrides) for problem in found} - {""}
        rest = [item for item in overrides if item not in at_fault]
        self._left_out += map(_key, at_fault)
        if not at_fault or not rest or "experiment" in self._left_out:
            return []
        try:
            config = compose(rest, project=self._project, registry=self._registry)
        except ConfigError as error:
            further = self._meant(error.problems)
            return further + self.look(error.problems, rest)
        with_references = _REFERRED_TO.isdisjoint(self._left_out)
        return self._meant(examine(config, self._registry, with_references=with_references).problems)

    def _meant(self, problems: Iterable[Problem]) -> list[Problem]:
        return [problem for problem in problems if not _is_at_or_below(problem.key, self._left_out)]


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0].rpartition("@")[2].replace("/", ".")


def _is_at_or_below(key: str, others: Collection[str]) -> bool:
    return any(key == other or key.startswith((f"{other}.", f"{other}[")) for other in others)
