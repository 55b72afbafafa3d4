"""The disk that a run takes."""

import os
from pathlib import Path

from accelerator.runs.folder import RunFolder


def size_of(path: Path | str) -> int:
    """Return the bytes of the files below a folder, as their content counts; links are not followed. Absent: 0."""
    total = 0
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                total += size_of(entry.path) if is_folder else entry.stat(follow_symlinks=False).st_size
    except OSError:  # removed by its run at this moment, or not ours to read
        return total
    return total


def sizes_of_run(folder: RunFolder) -> tuple[int, int]:
    """Return the bytes of a run folder in all, and those of its checkpoints alone."""
    return size_of(folder.path), size_of(folder.checkpoints)
