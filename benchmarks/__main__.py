"""Runs all comparisons and writes `benchmarks/results.json` (raw rounds) and `benchmarks/results.md` (the table).

`python -m benchmarks [--rounds N] [--only COMPARISON]`
"""

import argparse
import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from benchmarks.bounds import BOUNDS, COMPARISONS
from benchmarks.report import table
from benchmarks.rounds import MIN_ROUNDS, run_rounds

FOLDER = Path(__file__).resolve().parent
RESULTS, TABLE = FOLDER / "results.json", FOLDER / "results.md"


def main() -> None:
    """Measure what is asked for, keep what was measured before, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=MIN_ROUNDS)
    parser.add_argument("--only", choices=list(COMPARISONS), action="append")
    arguments = parser.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.only or COMPARISONS:
        print(name, flush=True)
        rounds = run_rounds(COMPARISONS[name], arguments.rounds)
        results[name] = {"machine": _machine(), "rounds": rounds}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        TABLE.write_text(table(results, BOUNDS))
    print(TABLE.read_text())


def _machine() -> dict[str, Any]:
    return {
        "time": time.strftime("%Y-%m-%d %H:%M"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("torch", "mlflow", "hydra-core", "omegaconf")},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
