"""Where the time of a training step goes: a trace by torch's profiler, and its top as a table."""

from typing import TYPE_CHECKING, Any

import torch
from torch.profiler import ProfilerActivity, profile

from accelerator.callbacks.said import say
from accelerator.errors import ComponentError
from accelerator.runtime.events import Callback

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

FOLDER = "profile"
TRACE = "trace.json"
TABLE = "table.txt"


class Profile(Callback):
    """Profiles a few steps of the first process: `profile/trace.json` in the run folder, and a table when it ends.

    The trace opens in https://ui.perfetto.dev or chrome://tracing. The steps before it are left out: they pay for
    what happens once (allocations, autotuning, compiling). Profiling costs time, so what a run with it tells of its
    speed is not the truth.

    Args:
        skip: steps before it begins, at least 1.
        steps: steps that are profiled, at least 1.
        rows: rows of the table, at least 1.

    Raises:
        ComponentError: one of them is below 1.
    """

    def __init__(self, skip: int = 3, steps: int = 5, rows: int = 15) -> None:
        for name, value in (("skip", skip), ("steps", steps), ("rows", rows)):
            if value < 1:
                raise ComponentError(f"profile.{name} = {value}: must be at least 1.")
        self.skip = skip
        self.steps = steps
        self.rows = rows
        self._seen = 0
        self._running: Any = None
        self._table = ""

    def on_step_end(self, context: "Context") -> None:
        """Begin after the steps that are skipped, end after those that are profiled."""
        if context.rank != 0:
            return
        self._seen += 1
        if self._seen == self.skip:
            self._start()
        elif self._seen == self.skip + self.steps:
            self._stop(context)

    def on_validation_start(self, context: "Context") -> None:
        """End before what is no training step."""
        self._stop(context)

    def on_test_start(self, context: "Context") -> None:
        """End before what is no training step."""
        self._stop(context)

    def on_run_end(self, context: "Context") -> None:
        """Print the table."""
        self._stop(context)
        if self._table:
            say(self._table)
        elif context.rank == 0:
            say(f"Nothing was profiled: the run ended before step {self.skip + 1}. Lower callback.profile.skip.")

    def _start(self) -> None:
        activities = [ProfilerActivity.CPU]
        if torch.cuda.is_available():
            activities.append(ProfilerActivity.CUDA)
        self._running = profile(activities=activities)
        self._running.start()

    def _stop(self, context: "Context") -> None:
        if self._running is None:
            return
        running, self._running = self._running, None
        running.stop()
        on_device = "self_device_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
        self._table = running.key_averages().table(sort_by=on_device, row_limit=self.rows)
        if context.run_folder is not None:
            folder = context.run_folder / FOLDER
            folder.mkdir(exist_ok=True)
            running.export_chrome_trace(str(folder / TRACE))
            (folder / TABLE).write_text(f"{self._table}\n", encoding="utf-8")
            self._table += f"\nTrace for https://ui.perfetto.dev: {folder / TRACE}"
