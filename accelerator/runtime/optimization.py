"""Optimizers over parameter groups, and the schedulers that change their learning rates."""

import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from accelerator.errors import ConfigError, Problem, did_you_mean

INTERVALS = ("step", "epoch")

_RATES = {"lr", "initial_lr"}  # what a schedule reads and writes in the groups


@dataclass(frozen=True)
class Schedule:
    """A scheduler and when it steps. With a `monitor` it is stepped with the newest value of that metric."""

    scheduler: LRScheduler
    interval: str = "step"
    monitor: str | None = None

    def __post_init__(self) -> None:
        if self.interval not in INTERVALS:
            raise ConfigError(
                Problem(
                    "scheduler.interval",
                    f"'{self.interval}' is no interval. {did_you_mean(self.interval, INTERVALS)}",
                    "Set scheduler.interval=step or scheduler.interval=epoch.",
                )
            )

    def step(self, metrics: Mapping[str, float]) -> None:
        """Step the scheduler.

        Raises:
            ConfigError: the monitored metric has no value yet.
        """
        if self.monitor is None:
            self.scheduler.step()
            return
        if self.monitor not in metrics:
            raise ConfigError(
                Problem(
                    "scheduler.monitor",
                    f"'{self.monitor}' has no value yet. {did_you_mean(self.monitor, metrics)}",
                    "Monitor a metric that is computed before the scheduler steps.",
                )
            )
        self.scheduler.step(metrics[self.monitor])  # type: ignore[arg-type]


@dataclass(frozen=True)
class Optimization:
    """Everything that changes the parameters: optimizers and schedules by name, in step order."""

    optimizers: Mapping[str, Optimizer] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    notes: Sequence[str] = ()
    """What the user should know of the groups, a few words each."""

    def parameters(self) -> list[torch.nn.Parameter]:
        """Return every parameter that some optimizer steps."""
        return [
            item
            for optimizer in self.optimizers.values()
            for group in optimizer.param_groups
            for item in group["params"]
        ]

    def learning_rates(self) -> Iterator[tuple[str, float]]:
        """Yield the metric name and the current learning rate of each optimizer (of its first group)."""
        for name, optimizer in self.optimizers.items():
            metric = "optimizer/lr" if len(self.optimizers) == 1 else f"optimizer/lr_{name}"
            yield metric, optimizer.param_groups[0]["lr"]

    def state_dict(self) -> dict[str, Any]:
        """Return the state of all optimizers and schedulers."""
        return {
            "optimizers": {name: item.state_dict() for name, item in self.optimizers.items()},
            "schedulers": {name: item.scheduler.state_dict() for name, item in self.schedules.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any], changed: Collection[str] = ()) -> None:
        """Take back what `state_dict` returned.

        `changed` are config keys that differ now: options of an optimizer among them (`optimizer.lr`) keep their new
        value, an optimizer of another class starts anew, and a schedule that changed is run to where it was.

        Raises:
            ConfigError: the parameter groups are others.
        """
        of_optimizers = [key for key in changed if key.startswith(("optimizer.", "parameter_groups."))]
        options = {key.rpartition(".")[2] for key in of_optimizers}
        is_rescheduled = any(key.startswith(("scheduler", "train.epochs", "train.steps")) for key in changed)
        for name, optimizer in self.optimizers.items():
            schedule, saved = self.schedules.get(name), state["schedulers"].get(name)
            replays = schedule is not None and schedule.monitor is None and (is_rescheduled or "lr" in options)
            if "_target_" not in options:
                _load_optimizer(optimizer, state["optimizers"].get(name), options | _RATES if replays else options)
            if schedule is not None and saved is not None:
                _load_schedule(schedule, saved, replays=replays)


@dataclass(frozen=True)
class NamedParameter:
    """A trainable parameter with what patterns are matched against."""

    name: str
    owner: str
    """Class name of the module that holds it (`BatchNorm2d`)."""
    parameter: torch.nn.Parameter

    def matches(self, patterns: Sequence[str]) -> bool:
        """Tell whether a pattern is found in the parameter's name or, whatever its case, in its owner's class."""
        return any(re.search(item, self.name) or re.search(item, self.owner, re.IGNORECASE) for item in patterns)


def trainable_parameters(model: torch.nn.Module) -> list[NamedParameter]:
    """Return every parameter that requires a gradient, once each (tied weights by their first name)."""
    found: dict[int, NamedParameter] = {}
    for prefix, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in found:
                full = f"{prefix}.{name}" if prefix else name
                found[id(parameter)] = NamedParameter(full, type(module).__name__, parameter)
    return list(found.values())


def group_parameters(
    parameters: Sequence[NamedParameter], rules: Mapping[str, Mapping[str, Any] | None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Sort parameters into groups by the first rule that matches; the rest come first, under no rule.

    Args:
        parameters: what there is to train.
        rules: by name `{match: pattern or patterns, lr, weight_decay, …}`; null switches a rule off.

    Returns:
        The groups as torch.optim takes them, and a note for each group that a rule made.

    Raises:
        ConfigError: a rule without `match`, or with a pattern that is no regular expression.
    """
    groups: dict[str, list[NamedParameter]] = {"": []}
    patterns = {name: _patterns(name, rule) for name, rule in rules.items() if rule is not None}
    for item in parameters:
        name = next((name for name, found in patterns.items() if item.matches(found)), "")
        groups.setdefault(name, []).append(item)
    made, notes = [], []
    for name, items in groups.items():
        if items:
            options = {key: value for key, value in (rules.get(name) or {}).items() if key != "match"}
            made.append({"params": [item.parameter for item in items], **options})
            if name:
                what = ", ".join(f"{key} {value}" for key, value in options.items())
                notes.append(f"{name}: {len(items)} tensors with {what}")
    return made, notes


def _load_optimizer(optimizer: Optimizer, saved: Mapping[str, Any] | None, options: Collection[str]) -> None:
    """Take back an optimizer's state; the given options of its groups keep the values that they have now."""
    if saved is None:
        return
    kept = [{key: group[key] for key in options if key in group} for group in optimizer.param_groups]
    try:
        optimizer.load_state_dict(dict(saved))
    except ValueError as error:
        raise ConfigError(
            Problem(
                "optimizer",
                f"its state does not fit the parameters that it has now: {error}",
                "Keep model, optimizer and parameter_groups as they were, or start a new run with weights=RUN.",
            )
        ) from error
    for group, values in zip(optimizer.param_groups, kept, strict=True):
        group.update(values)


def _load_schedule(schedule: Schedule, saved: Mapping[str, Any], *, replays: bool) -> None:
    """Take back a scheduler's state; one that has another shape now is stepped to where the saved one was."""
    if not replays:
        schedule.scheduler.load_state_dict(dict(saved))
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the optimizer did not step: it did, before the resume
        for _ in range(saved["last_epoch"]):
            schedule.scheduler.step()


def _patterns(name: str, rule: Mapping[str, Any]) -> list[str]:
    key = f"parameter_groups.{name}.match"
    match = rule.get("match")
    patterns = [match] if isinstance(match, str) else list(match or [])
    if not patterns:
        raise ConfigError(Problem(key, "is missing: a group needs a pattern", f"Add {key}=[norm, bias], say."))
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigError(
                Problem(key, f"'{pattern}' is no regular expression: {error}", "Correct the pattern.")
            ) from error
    return patterns
