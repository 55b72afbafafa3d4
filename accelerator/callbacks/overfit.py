"""Tells whether a model can learn by heart what it is shown: the first thing to try with a new model, loss or data."""

import math
from typing import TYPE_CHECKING, Any

from accelerator.callbacks.said import say
from accelerator.errors import ComponentError
from accelerator.runtime.events import Callback

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

LOSS = "train/loss"


class Overfit(Callback):
    """Ends a run whose training loss has fallen to a share of its first value; says at the end whether it has.

    It belongs to a run that sees one batch again and again (`debug=overfit`). A loss that does not fall is no error
    of the run's: it ends as any other, and what is said is the result.

    Args:
        share: of the loss of the first step; between 0 and 1.

    Raises:
        ComponentError: `share` lies outside.
    """

    def __init__(self, share: float = 0.05) -> None:
        if not 0 < share < 1:
            raise ComponentError(f"overfit.share = {share}: must be between 0 and 1, such as 0.05.")
        self.share = share
        self._first: Any = None  # a tensor until it is looked at: nothing waits for the device in the first step

    def on_step_end(self, context: "Context") -> None:
        """Note the first loss; stop when the newest is small enough."""
        if self._first is None:
            result = context.state.result
            self._first = None if result is None else result.loss.detach()
        elif self._fits(context):
            context.request_stop(f"{LOSS} is at most {self.share:g} of its first value")

    def on_run_end(self, context: "Context") -> None:
        """Say how it came out."""
        if self._first is None or context.rank != 0:
            return
        first, last = float(self._first), context.state.metrics.get(LOSS, math.nan)
        told = f"{LOSS} went from {first:.4g} to {last:.4g} in {context.state.step} steps on one batch"
        if self._fits(context):
            say(f"The model fits: {told}.")
            return
        wanted = f"{self.share * first:.4g}, which is {self.share:g} of the first"
        advice = "look at the loss, the labels, the learning rate, and what is frozen; or give it more steps"
        say(f"The model does NOT fit: {told}, and not to {wanted}. If a model cannot learn one batch, {advice}.")

    def state_dict(self) -> dict[str, Any]:
        """Return the first loss."""
        return {"first": None if self._first is None else float(self._first)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._first = state["first"]

    def _fits(self, context: "Context") -> bool:
        newest = context.state.metrics.get(LOSS)
        return newest is not None and newest <= self.share * float(self._first)
