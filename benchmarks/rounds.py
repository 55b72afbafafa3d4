"""Interleaved rounds in fresh processes, and the rule by which a bound is missed.

Machines are shared and timings noisy. So the contestants of a comparison run in turns, in an order that is rotated
every round, and what is judged is the ratio of two contestants *within* a round. A bound is missed when the lower
quartile of these ratios lies above it, over at least `MIN_ROUNDS` rounds.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MIN_ROUNDS = 15
_TIMEOUT_S = 600
# Bytecode is kept as pip keeps that of an installed package, whatever this shell says.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Bound:
    """`figure` of contestant `ours` over that of `against`, minus `slack` in the figure's unit, is at most `most`."""

    comparison: str
    figure: str
    ours: str
    against: str
    most: float
    note: str
    slack: float = 0.0

    def ratios(self, rounds: Sequence[Mapping[str, Any]]) -> list[float]:
        """Return the ratio of every round."""
        return [
            (one[self.ours][self.figure] - self.slack) / one[self.against][self.figure]
            for one in rounds
            if self.ours in one and self.against in one
        ]


@dataclass(frozen=True)
class Ceiling:
    """The `figure` of a contestant alone is at most `most`, in the figure's unit."""

    comparison: str
    figure: str
    ours: str
    most: float
    note: str

    def values(self, rounds: Sequence[Mapping[str, Any]]) -> list[float]:
        """Return the figure of every round."""
        return [one[self.ours][self.figure] for one in rounds if self.ours in one]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile."""
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, middle, upper


def run_rounds(commands: Mapping[str, Sequence[str]], rounds: int) -> list[dict[str, Any]]:
    """Run every command once a round, in rotating order; each prints one line of JSON last."""
    names = list(commands)
    found = []
    for number in range(rounds):
        order = names[number % len(names) :] + names[: number % len(names)]
        found.append({name: measure(commands[name]) for name in order})
        print(f"  round {number + 1}/{rounds}", flush=True)
    return found


def measure(command: Sequence[str]) -> dict[str, Any]:
    """Run one contestant in a fresh process and return the figures that it prints."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**_ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules with this interpreter."""
    return [sys.executable, "-m", module, *arguments]
