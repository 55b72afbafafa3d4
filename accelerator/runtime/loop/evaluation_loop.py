"""Evaluating a trained model as a run of its own."""

import time
from typing import TYPE_CHECKING, final

from accelerator.errors import ConfigError, Problem
from accelerator.runs.summary import Summary
from accelerator.runtime.loop.evaluation import evaluate
from accelerator.runtime.loop.session import running

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
        context = self.context
        context.build()
        if not context.evaluation_loaders.get(self.split):
            there = [name for name, sets in context.evaluation_loaders.items() if sets]
            context.close()
            raise ConfigError(
                Problem(
                    "split",
                    f"the data has no split '{self.split}' to evaluate on",
                    f"There: {', '.join(there) or 'none'}.",
                )
            )
        with running(context, saves=False) as session:
            began = time.perf_counter()
            evaluate(context, self.split)
            context.state.seconds = time.perf_counter() - began
        assert session.summary is not None
        return session.summary
