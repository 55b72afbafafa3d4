"""Ends a run that has stopped getting better."""

import math
from typing import TYPE_CHECKING, Any

from accelerator.config.declared import gives
from accelerator.errors import ComponentError, ConfigError, Problem, did_you_mean
from accelerator.runtime.events import Callback

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

MODES = ("min", "max")


@gives()
class EarlyStopping(Callback):
    """Asks the run to stop after `patience` validations in a row without a better value of `monitor`.

    Args:
        monitor: full name of a value, such as `validation/loss`.
        mode: `min` when smaller is better, `max` when larger is.
        patience: validations to wait, at least 1.
        min_delta: by how much a value must be better to count, at least 0.

    Raises:
        ComponentError: `mode`, `patience` or `min_delta` lies outside what is allowed.
    """

    def __init__(
        self, monitor: str = "validation/loss", mode: str = "min", patience: int = 5, min_delta: float = 0.0
    ) -> None:
        if mode not in MODES:
            raise ComponentError(f"early_stopping.mode = {mode!r}. {did_you_mean(mode, MODES)}")
        if patience < 1:
            raise ComponentError(f"early_stopping.patience = {patience}: must be at least 1 validation.")
        if not min_delta >= 0:
            raise ComponentError(f"early_stopping.min_delta = {min_delta}: must be at least 0.")
        self.monitor = monitor
        self.mode = mode
        self.patience = patience
        self.min_delta = min_delta
        self._best: float | None = None
        self._waited = 0

    def on_run_start(self, context: "Context") -> None:
        """Refuse data on which this could never stop a run.

        Raises:
            ConfigError: there is no validation split.
        """
        if not context.evaluation_loaders["validation"]:
            raise ConfigError(
                Problem(
                    "callback.early_stopping",
                    "this data has no validation split, so it could never stop the run",
                    "Remove it with callback.early_stopping=null, or choose data with a validation split.",
                )
            )

    def on_validation_end(self, context: "Context") -> None:
        """Judge the newest value.

        Raises:
            ConfigError: there is no value of that name; says which there are.
        """
        value = context.state.metrics.get(self.monitor)
        if value is None:
            raise self._unknown(list(context.state.metrics))
        if self._is_better(value):
            self._best, self._waited = value, 0
            return
        self._waited += 1
        if self._waited >= self.patience:
            best = "never a number" if self._best is None else f"best {self._best:.6g}"
            context.request_stop(f"{self.monitor} did not get better in {self._waited} validations ({best})")

    def state_dict(self) -> dict[str, Any]:
        """Return the best value and how many validations came after it."""
        return {"best": self._best, "waited": self._waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._best, self._waited = state["best"], state["waited"]

    def _is_better(self, value: float) -> bool:
        if math.isnan(value):
            return False
        if self._best is None:
            return True
        gain = self._best - value if self.mode == "min" else value - self._best
        return gain > self.min_delta

    def _unknown(self, known: list[str]) -> ConfigError:
        return ConfigError(
            Problem(
                "callback.early_stopping.monitor",
                f"'{self.monitor}' has no value after this validation. {did_you_mean(self.monitor, known)}",
                "Name one of them.",
            )
        )
