"""Reads the committed results and fails on a missed bound: `python -m benchmarks.check`."""

import json

from benchmarks.__main__ import RESULTS
from benchmarks.bounds import BOUNDS
from benchmarks.report import verdict
from benchmarks.rounds import quartiles


def main() -> None:
    """Print one line a bound; exit 1 when one is missed or was not measured."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    is_missed = False
    for bound in BOUNDS:
        word, values = verdict(bound, results.get(bound.comparison, {}).get("rounds", []))
        is_missed |= word != "held"
        lower = f"{quartiles(values)[0]:.3f}" if len(values) > 1 else "-"
        print(f"{word:8s} {lower:>8s} <= {bound.most:<5.2f} {bound.note}")
    raise SystemExit(1 if is_missed else 0)


if __name__ == "__main__":
    main()
