"""Times a whole command, from process start to its end or to its first mark: `python -m benchmarks.stopwatch COMMAND…`.

Prints one line of JSON. A command that prints `FIRST_STEP` marks the moment of its first optimizer step.
"""

import json
import subprocess
import sys
import time

MARK = "FIRST_STEP"


def main() -> None:
    """Run the command of the command line and print what it took."""
    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    first_step = None
    for line in process.stdout:
        if MARK in line:
            first_step = time.perf_counter() - began
    if process.wait():
        raise SystemExit(f"{sys.argv[1:]} ended with {process.returncode}")
    figures = {"seconds": time.perf_counter() - began}
    print(json.dumps(figures if first_step is None else {**figures, "seconds": first_step}))


if __name__ == "__main__":
    main()
