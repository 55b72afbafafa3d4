"""What a pipeline costs: `python -m benchmarks.pipelines done|overhead|read|hash`.

`done` is the whole command when nothing is left to do; `overhead` is a step's training by a pipeline, minus the same
by hand, one after the other in a fresh project; both in seconds. `read` and `hash` go over one file of 512 MiB, which
the system has in memory: the hardest case for hashing. Each prints its seconds as JSON.
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
_SAME = ("train.steps=1", "train.epochs=null", "tracking=none", "checkpoint.every=null")
_PIPELINE = """\
name: two
steps:
  first: {experiment: digits_resnet}
  second: {experiment: digits_resnet, inputs: {weights: "${step_output:first.checkpoint.last}"}}
"""


def main(name: str) -> None:
    """Do it once and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = {"done": _done, "overhead": _overhead, "read": _read, "hash": _hash}[name](Path(folder))
    print(json.dumps({"seconds": seconds}))


def _done(folder: Path) -> float:
    _write_project(folder)
    first = _run(folder, "pipeline", "run", "two", *_SAME)
    seconds = _run(folder, "pipeline", "run", "two", *_SAME)
    assert seconds < first
    return seconds


def _overhead(folder: Path) -> float:
    _write_project(folder)
    words = ("experiment", "train", "experiment=digits_resnet", *_SAME)
    _run(folder, *words)  # reads what the machine had not read yet
    by_hand = _run(folder, *words)
    return _run(folder, "pipeline", "run", "two", *_SAME, "--only", "first") - by_hand


def _read(folder: Path) -> float:
    file = _make_file(folder)
    buffer = bytearray(_MIB)
    began = time.perf_counter()
    with file.open("rb", buffering=0) as opened:
        while opened.readinto(buffer):
            pass
    return time.perf_counter() - began


def _hash(folder: Path) -> float:
    file = _make_file(folder)
    began = time.perf_counter()
    ContentHashes(folder / "hashes.json").of_file(file)
    return time.perf_counter() - began


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
