"""A pass over a split with a trained model, as a run of its own: measuring it, or predicting."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, final

from accelerator.errors import ConfigError, Problem
from accelerator.runs.summary import Summary
from accelerator.runtime.loop.data_record import record_data
from accelerator.runtime.loop.evaluation import evaluate
from accelerator.runtime.loop.prediction import predict
from accelerator.runtime.loop.session import running
from accelerator.runtime.predictions import PredictionFile

if TYPE_CHECKING:
    from accelerator.runtime.context import Context


@final
class EvaluationLoop:
    """Evaluates what a context holds on one split.

    Args:
        context: what to evaluate; built on `run` when it is not.
        split: `validation` or `test`.
    """

    def __init__(self, context: "Context", split: str = "test") -> None:
        self.context = context
        self.split = split

    def run(self) -> Summary:
        """Evaluate and return the summary; the context is closed after it.

        Raises:
            ConfigError: the data has no such split.
        """
        return _run_pass(self.context, self.split, lambda: evaluate(self.context, self.split))


@final
class PredictionLoop:
    """Writes what the task predicts for each sample of one split.

    Args:
        context: what to predict with; built on `run` when it is not.
        file: where the predictions go; it is in its place when the run is completed, and absent otherwise.
        split: `validation` or `test`.
    """

    def __init__(self, context: "Context", file: PredictionFile, split: str = "test") -> None:
        self.context = context
        self.file = file
        self.split = split

    def run(self) -> Summary:
        """Predict and return the summary; the context is closed after it.

        Raises:
            ConfigError: the data has no such split.
            ComponentError: the task gives something that is not one entry a sample.
            StorageError: the disk refuses.
        """
        with self.file:
            return _run_pass(self.context, self.split, self._predict)

    def _predict(self) -> None:
        if not predict(self.context, self.split, self.file):
            return
        self.file.publish()
        if self.context.recorder is not None:
            self.context.recorder.event(
                "predictions", path=str(self.file.path.absolute()), rows=self.file.rows, split=self.split
            )


def _run_pass(context: "Context", split: str, carry_out: Callable[[], object]) -> Summary:
    """Frame a pass as a run of its own."""
    context.build()
    _require_split(context, split)
    with running(context, saves=False) as session:
        if context.settings.is_tracked:
            record_data(context, (split,))
        began = time.perf_counter()
        carry_out()
        context.state.seconds = time.perf_counter() - began
    assert session.summary is not None
    return session.summary


def _require_split(context: "Context", split: str) -> None:
    if context.evaluation_loaders.get(split):
        return
    there = [name for name, sets in context.evaluation_loaders.items() if sets]
    context.close()
    raise ConfigError(
        Problem("split", f"the data has no split '{split}' to evaluate on", f"There: {', '.join(there) or 'none'}.")
    )
