"""Places beside a file for what must not be lost, and paths as a user reads them."""

import os
import time
from pathlib import Path


def backup_of(path: Path) -> Path:
    """Return where a copy of `path` is kept: `FILE.bak-<time>` beside it, numbered where that is taken."""
    return free_path(path.with_name(f"{path.name}.bak-{time.strftime('%Y%m%d-%H%M%S')}"))


def free_path(path: Path, content: bytes | None = None) -> Path:
    """Return `path`, or the first of `path-2`, `path-3`, … that is not taken, or is a file that holds `content`."""
    number, free = 1, path
    while os.path.lexists(free) and (content is None or not free.is_file() or free.read_bytes() != content):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def shown_from(root: Path, path: Path) -> str:
    """Return a path relative to `root` where it lies below it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
