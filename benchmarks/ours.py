"""The same through Accelerator: our defaults, through a config, no metric but the loss."""

import time
from pathlib import Path

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.runtime.context import Context
from accelerator.runtime.events import Callback
from accelerator.runtime.loop.train_loop import TrainLoop
from benchmarks.workloads import Workload

ROOT = Path(__file__).resolve().parents[1]


class Stopwatch(Callback):
    """Notes the time after the warm-up and after the last step."""

    def __init__(self, first: int, last: int) -> None:
        self._first, self._last = first, last
        self.began = self.ended = 0.0

    def on_step_end(self, context: Context) -> None:
        step = context.state.step
        if step == self._first:
            self.began = time.perf_counter()
        elif step == self._last:
            self.ended = time.perf_counter()


def untracked(workload: Workload, output: str) -> float:
    """Return the seconds of the timed steps, with a run folder and no tracker."""
    return _run(workload, output, ["tracking=none"])


def tracked(workload: Workload, output: str) -> float:
    """Return the seconds of the timed steps, with MLflow (sqlite) and the loss logged after every step."""
    return _run(workload, output, [f"tracking.tracking_uri=sqlite:///{output}/mlflow.db", "train.log_every=1st"])


def _run(workload: Workload, output: str, more: list[str]) -> float:
    total = workload.warmup + workload.steps
    threads = [] if workload.threads is None else [f"engine.threads={workload.threads}"]
    overrides = [
        f"data={{_target_: benchmarks.workloads.data, workload: {workload.name}}}",
        f"model={{_target_: benchmarks.workloads.model, workload: {workload.name}}}",
        "metric=[]",
        "optimizer.lr=1e-3",
        f"loader.batch_size={workload.batch_size}",
        f"train.steps={total}",
        f"paths.output={output}",
        f"+callback.stopwatch={{_target_: benchmarks.ours.Stopwatch, first: {workload.warmup}, last: {total}}}",
        *threads,
        *more,
    ]
    context = Context.from_config(compose(overrides, project=Project(ROOT)))
    context.build()
    watch = context.callbacks["stopwatch"]
    assert isinstance(watch, Stopwatch)
    TrainLoop(context).run()
    return watch.ended - watch.began
