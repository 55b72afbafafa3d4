"""When something is due that happens every so many steps, epochs or seconds."""

import math
import time
from fractions import Fraction
from typing import final

from accelerator.config.interval import Interval
from accelerator.errors import ConfigError, Problem


@final
class Clock:
    """Tells after which steps and epochs an interval has passed.

    Whole epochs are due when an epoch ends. Everything else is due after a step, which costs the loop one comparison:
    the next step is worked out ahead.

    Args:
        interval: how often; None: never.
        steps_per_epoch: optimizer steps of an epoch; needed for parts of epochs.
        step: the step to count from.
        key: the interval's config path, for the message.

    Raises:
        ConfigError: parts of epochs, and the data has no length.
    """

    def __init__(self, interval: Interval | None, steps_per_epoch: int | None, step: int = 0, key: str = "") -> None:
        self._epochs = self._seconds = 0.0
        self._stride: int | Fraction | None = None
        self._next_step: float = math.inf
        if interval is None:
            return
        if interval.unit == "s":
            self._seconds = float(interval.value)
            self._next_time = time.monotonic() + self._seconds
            self._next_step = 0  # looked at after every step
        elif interval.unit == "ep" and interval.value.denominator == 1:
            self._epochs = int(interval.value)
        elif interval.unit == "ep" and steps_per_epoch is None:
            raise ConfigError(
                Problem(
                    key, f"{interval} needs data with a length, and this data has none", f"Count steps: {key}=500st."
                )
            )
        else:
            stride = interval.value * (steps_per_epoch or 1) if interval.unit == "ep" else interval.value
            # Fractions cost 10 microseconds a step, which tells where every step is logged.
            self._stride = int(stride) if stride.denominator == 1 else stride
            self._plan(step)

    def is_due_after_step(self, step: int) -> bool:
        """Tell whether the interval has passed with this step (counted from 1)."""
        if step < self._next_step:
            return False
        if self._seconds:
            now = time.monotonic()
            if now < self._next_time:
                return False
            self._next_time = now + self._seconds
            return True
        self._plan(step)
        return True

    def is_due_after_epoch(self, epochs: int) -> bool:
        """Tell whether the interval has passed when `epochs` are completed."""
        return bool(self._epochs) and epochs % int(self._epochs) == 0

    def is_due_at(self, step: int) -> bool:
        """Tell whether an interval counted in steps ended with just this step: what a resume has to catch up on."""
        return self._stride is not None and step > 0 and step // self._stride > (step - 1) // self._stride

    def _plan(self, step: int) -> None:
        assert self._stride is not None
        self._next_step = math.ceil((step // self._stride + 1) * self._stride)
