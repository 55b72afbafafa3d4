"""A callback that prints a mark after the first optimizer step."""

from accelerator.runtime.context import Context
from accelerator.runtime.events import Callback
from benchmarks.stopwatch import MARK


class MarkFirstStep(Callback):
    """Prints the mark once."""

    def on_step_end(self, context: Context) -> None:
        if context.state.step == 1:
            print(MARK, flush=True)
