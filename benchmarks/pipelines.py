"""What a pipeline costs: `python -m benchmarks.pipelines run|read|hash`.

`run` gives `overhead`, what a pipeline of two trainings takes longer than both by hand, for each of the two; `done`,
the whole command when nothing is left to do; and `done_tracked`, the same when that is sent to the default store; all
in seconds, in a fresh project. `read` and `hash` give the `seconds` to go over one file of 512 MiB, which the system
has in memory: the hardest case for hashing. The last line of each is JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from accelerator.pipeline.content_hash import ContentHashes

_MIB = 1 << 20
_FILE_MIB = 512
_SAME = ("train.steps=1", "train.epochs=null", "checkpoint.every=null")
_PIPELINE = """\
name: two
steps:
  first: {experiment: digits_resnet}
  second: {experiment: digits_resnet, inputs: {weights: "${step_output:first.checkpoint.last}"}}
"""


def main(name: str) -> None:
    """Do it once and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({"run": _pipeline, "read": _read, "hash": _hash}[name](Path(folder))))


def _pipeline(folder: Path) -> dict[str, float]:
    _write_project(folder)
    train = ("experiment", "train", "experiment=digits_resnet", *_SAME, "tracking=none")
    pipeline = ("pipeline", "run", "two", *_SAME)
    by_hand = _run(folder, *train) + _run(folder, *train, "weights=last")
    overhead = (_run(folder, *pipeline, "tracking=none") - by_hand) / 2
    done = _run(folder, *pipeline, "tracking=none")
    _run(folder, *pipeline)
    _await_delivery(folder)  # which makes the store; nothing of it runs on beside what is measured
    done_tracked = _run(folder, *pipeline)
    _await_delivery(folder)
    return {"overhead": overhead, "done": done, "done_tracked": done_tracked}


def _await_delivery(folder: Path) -> None:
    runs = (folder / "outputs" / "pipelines" / "two").iterdir()
    latest = max(runs, key=lambda path: path.stat().st_mtime_ns)  # two may have begun in one second
    _run(folder, "experiment", "sync", str(latest))


def _read(folder: Path) -> dict[str, float]:
    file = _make_file(folder)
    buffer = bytearray(_MIB)
    began = time.perf_counter()
    with file.open("rb", buffering=0) as opened:
        while opened.readinto(buffer):
            pass
    return {"seconds": time.perf_counter() - began}


def _hash(folder: Path) -> dict[str, float]:
    file = _make_file(folder)
    began = time.perf_counter()
    ContentHashes(folder / "hashes.json").of_file(file)
    return {"seconds": time.perf_counter() - began}


def _make_file(folder: Path) -> Path:
    file = folder / "content"
    file.write_bytes(os.urandom(_MIB) * _FILE_MIB)
    file.read_bytes()
    return file


def _write_project(folder: Path) -> None:
    (folder / "configs" / "pipeline").mkdir(parents=True)
    (folder / "configs" / "pipeline" / "two.yaml").write_text(_PIPELINE, encoding="utf-8")


def _run(folder: Path, *words: str) -> float:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "accelerator", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1])
