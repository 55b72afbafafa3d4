"""Schedules of the learning rate, step by step, as factors of each parameter group's own rate."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from accelerator.errors import ConfigError, Problem


def warmup_cosine(
    optimizer: Optimizer,
    total_steps: int | None,
    warmup_share: float = 0.1,
    warmup_steps: int | None = None,
    min_lr_share: float = 0.0,
) -> LRScheduler:
    """Return a schedule that rises in a line to the full rate and falls along half a cosine.

    The first step has 1 / warmup of the rate, the last one almost `min_lr_share` of it, and so has every step past
    the end (Loshchilov and Hutter: SGDR, ICLR 2017, equation 5, one period).

    Args:
        optimizer: whose rates are changed.
        total_steps: optimizer steps of the whole run.
        warmup_share: of all steps, rounded; from 0 to below 1.
        warmup_steps: how many instead; fewer than `total_steps`.
        min_lr_share: of the full rate, from 0 to 1.

    Raises:
        ConfigError: the length of the run is unknown, or a value lies outside its range.
    """
    if total_steps is None:
        raise _refuse(
            "total_steps",
            "the number of steps of this run is not known (it ends by time, or the data has no length), and the cosine "
            "needs it",
            "Set train.steps, or total_steps itself, or choose scheduler=constant.",
        )
    if not 0 <= min_lr_share <= 1:
        raise _refuse("min_lr_share", f"{min_lr_share} must be from 0 to 1", "Choose a share such as 0.01.")
    warmup = _warmup(total_steps, warmup_share, warmup_steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        progress = min(1.0, (step - warmup) / (total_steps - warmup))
        return min_lr_share + (1 - min_lr_share) * 0.5 * (1 + math.cos(math.pi * progress))

    return LambdaLR(optimizer, factor)  # a plain function stays out of its state_dict, which then holds numbers only


def constant(optimizer: Optimizer, warmup_steps: int = 0) -> LRScheduler:
    """Return a schedule that keeps the optimizer's rate, after rising to it in a line over `warmup_steps` steps.

    Raises:
        ConfigError: `warmup_steps` is negative.
    """
    if warmup_steps < 0:
        raise ConfigError(
            Problem("constant.warmup_steps", f"{warmup_steps} must be at least 0", "0 starts with the full rate.")
        )
    return LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0)


def _warmup(total_steps: int, share: float, steps: int | None) -> int:
    """Return how many steps the rise takes."""
    if not 0 <= share < 1:
        raise _refuse("warmup_share", f"{share} must be at least 0 and below 1", "Choose a share such as 0.1.")
    warmup = round(share * total_steps) if steps is None else steps
    if warmup < 0 or warmup >= max(total_steps, 1):
        raise _refuse(
            "warmup_steps",
            f"{warmup} must be at least 0 and below the {total_steps} steps of the run",
            "Choose fewer, or set warmup_share instead.",
        )
    return warmup


def _refuse(argument: str, what: str, remedy: str) -> ConfigError:
    return ConfigError(Problem(f"warmup_cosine.{argument}", what, remedy))
