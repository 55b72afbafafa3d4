"""One contestant on one workload, in a process of its own: `python -m benchmarks.contestant WORKLOAD NAME`.

Prints one line of JSON: the seconds of the timed steps and the peak resident memory of the process, in MiB.
"""

import importlib
import json
import resource
import sys
import tempfile

HAND_WRITTEN = ("plain", "best")


def main() -> None:
    """Run what the command line names."""
    name, contestant = sys.argv[1:]
    # Only what the contestant itself uses is imported: imports are part of its memory.
    import_torch = importlib.import_module("torch")
    workload = importlib.import_module("benchmarks.workloads").WORKLOADS[name]
    if workload.threads is not None:
        import_torch.set_num_threads(workload.threads)
    if contestant in HAND_WRITTEN:
        seconds = getattr(importlib.import_module("benchmarks.by_hand"), contestant)(workload)
    else:
        with tempfile.TemporaryDirectory() as output:
            seconds = getattr(importlib.import_module("benchmarks.ours"), contestant)(workload, output)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib}))


if __name__ == "__main__":
    main()
