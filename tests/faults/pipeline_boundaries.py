"""A pipeline's runner that is killed at one chosen change of the disk, for each there is, and the command given again.

Everything runs in forks of one process, so that a kill costs little: the runner is one, and each of its steps is one
of its own, in a session of its own and with the step's lock, as `Processes` starts them. That one process is a fresh
one: in a fork of a process with threads, which other tests leave behind, a lock may be held for ever.
"""

import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

from accelerator.pipeline import run_pipeline
from accelerator.pipeline.pipeline_folder import pipeline_folders
from accelerator.pipeline.state import read_state
from tests.faults.forked_processes import ForkedProcesses
from tests.unit.pipeline.conftest import Steps, make_steps, output_of

MAIN = "defaults: [paths: default, _self_]\ntrust: []\n"
"""All that a pipeline asks of it: composing the rest would be most of the time."""
PIPELINE = """
name: sums
steps:
  first: {step: table, inputs: {numbers: data/numbers.txt}}
  sum: {step: total, inputs: {table: "${step_output:first.table}"}}
"""
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.link", "os.fork")
"""What leaves the disk, or the processes, as they were not before; a file that is being written has another name."""
_WRITES = os.O_WRONLY | os.O_RDWR
_FORK = multiprocessing.get_context("fork")
Outcome = tuple[str, dict[str, int], float]
"""A pipeline's status, how often each step was called in all, and what the last one gave."""


def outcomes_of_kills(root: Path, *, also_opened: bool = False) -> dict[int, Outcome]:
    """Return for each change of the disk that a runner makes how a pipeline ended that was killed before it."""
    return _in_fresh_process(_outcomes_of_kills, root, also_opened)


def outcome_of_fault(root: Path, fault: str) -> Outcome:
    """Return how a pipeline ended whose runner a step has killed by `fault`, a piece of Python."""
    return _in_fresh_process(_outcome_of_fault, root, fault)


def _in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _start_cheaply) as pool:
        return pool.submit(function, *arguments).result()


def _start_cheaply() -> None:
    run_pipeline.Processes = ForkedProcesses  # type: ignore[attr-defined, misc]
    os.fsync = lambda descriptor: None  # what is written outlives a kill without it


def _outcomes_of_kills(root: Path, also_opened: bool) -> dict[int, Outcome]:
    return {place: _brought_to_the_end(steps) for place, steps in _killed_everywhere(root, also_opened=also_opened)}


def _outcome_of_fault(root: Path, fault: str) -> Outcome:
    steps = make_project(root)
    steps.write("fault_first", fault)
    assert _is_killed(steps)
    return _brought_to_the_end(steps)


def _killed_everywhere(root: Path, *, also_opened: bool) -> Iterator[tuple[int, Steps]]:
    """Yield a project for each change of the disk that its runner makes, killed before that."""
    for place in count(1):
        steps = make_project(root / str(place))
        if not _is_killed(steps, place, also_opened=also_opened):
            return
        yield place, steps


def make_project(root: Path) -> Steps:
    """Make the project's files."""
    steps = make_steps(root)
    steps.write("configs/main.yaml", MAIN)
    steps.write("configs/pipeline/sums.yaml", PIPELINE)
    return steps


def _is_killed(steps: Steps, place: int = 0, *, also_opened: bool = False) -> bool:
    """Run the pipeline, killed before its change of that number; tell whether it was killed, there or by a step."""
    process = _FORK.Process(target=_run_and_die, args=(place, steps, also_opened))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _brought_to_the_end(steps: Steps) -> Outcome:
    """Give the command again; return its status, how often each step was called in all, and what the last gave."""
    for folder in pipeline_folders(steps.root / "outputs", "sums"):
        read_state(folder)  # whole, whenever it was killed
    ended = steps.run()
    calls = Counter(call.split()[0] for call in steps.calls())
    return ended.state.status, dict(sorted(calls.items())), output_of(ended.state, "sum", "total")


def _run_and_die(place: int, steps: Steps, also_opened: bool) -> None:
    runner, root, seen = os.getpid(), str(steps.root), 0

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        is_change = event in CHANGES or (also_opened and event == "open" and bool((arguments[2] or 0) & _WRITES))
        if not is_change or os.getpid() != runner or not (event == "os.fork" or _is_below(arguments[0], root)):
            return
        seen += 1
        if seen == place:
            os.kill(runner, signal.SIGKILL)

    sys.addaudithook(look)
    assert steps.run().exit_code == 0


def _is_below(path: Any, root: str) -> bool:
    return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(root)
