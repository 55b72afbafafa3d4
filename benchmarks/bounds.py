"""Everything that is measured, and the bounds that hold."""

import sys
from collections.abc import Sequence

from benchmarks.rounds import Bound, Ceiling, python

CONTESTANT = "benchmarks.contestant"

COMPARISONS: dict[str, dict[str, Sequence[str]]] = {
    "loop W1": {name: python(CONTESTANT, "W1", name) for name in ("plain", "best", "untracked", "tracked")},
    "loop W2": {name: python(CONTESTANT, "W2", name) for name in ("plain", "best", "untracked")},
    "start": {
        "help": python("benchmarks.stopwatch", *python("accelerator", "--help")),
        "show": python(
            "benchmarks.stopwatch", *python("accelerator", "experiment", "show", "experiment=digits_resnet")
        ),
        "libraries": python("benchmarks.stopwatch", sys.executable, "-c", "import fire, hydra"),
        "plain": python("benchmarks.stopwatch", *python("benchmarks.first_step", "plain")),
        "ours": python("benchmarks.stopwatch", *python("benchmarks.first_step", "ours")),
    },
    "check": {name: python("benchmarks.checking", name) for name in ("compose", "check", "imports", "refused")},
    "pipelines": {name: python("benchmarks.pipelines", name) for name in ("run", "read", "hash")},
    "discovery": {name: python("benchmarks.discovery", name) for name in ("cold", "cached")},
}
"""Comparison -> contestant -> the command that prints its figures. `libraries` is what of `show` is not ours."""

_W1, _W2 = "loop W1", "loop W2"

BOUNDS: tuple[Bound | Ceiling, ...] = (
    Bound(_W1, "seconds", "untracked", "plain", 0.60, "MLP, ours over a plain loop; all shuffle"),
    Bound(_W1, "seconds", "untracked", "best", 1.03, "MLP, ours over the best loop by hand; all shuffle"),
    Bound(_W1, "seconds", "tracked", "untracked", 1.05, "MLP, tracked (every step's loss) over untracked; all shuffle"),
    Bound(_W1, "peak_mib", "untracked", "plain", 1.05, "MLP, peak memory less 30 MiB over a plain loop", slack=30.0),
    Bound(_W2, "seconds", "untracked", "plain", 0.85, "ResNet, ours over a plain loop; all shuffle"),
    Bound(_W2, "seconds", "untracked", "best", 1.02, "ResNet, ours over the best loop by hand; all shuffle"),
    Bound(_W2, "peak_mib", "untracked", "plain", 1.05, "ResNet, peak memory less 30 MiB over a plain loop", slack=30.0),
    Bound("start", "seconds", "ours", "plain", 1.15, "process start to first step, ours over a plain script"),
    Ceiling("start", "seconds", "help", 0.35, "accelerator --help, seconds"),
    Ceiling("start", "seconds", "show", 0.80, "accelerator experiment show experiment=digits_resnet, seconds"),
    Ceiling("discovery", "milliseconds", "cold", 120.0, "components of 200 more distributions, milliseconds"),
    Ceiling("discovery", "milliseconds", "cached", 20.0, "the same from the cache, milliseconds"),
    Bound("check", "seconds", "check", "imports", 1.3, "checking our largest experiment over composing and importing"),
    Ceiling("check", "seconds", "compose", 0.50, "composing our largest experiment, seconds"),
    Ceiling("check", "seconds", "refused", 0.80, "a wrong name refused, the whole command, seconds"),
    Ceiling("pipelines", "done", "run", 1.50, "a pipeline of which all is done, the whole command, seconds"),
    Ceiling("pipelines", "done_tracked", "run", 1.50, "the same tracked in the default store, seconds"),
    Ceiling("pipelines", "overhead", "run", 1.00, "a step of two by a pipeline, less the same by hand, seconds"),
    Bound("pipelines", "seconds", "hash", "read", 1.25, "hashing an input over reading it"),
)
