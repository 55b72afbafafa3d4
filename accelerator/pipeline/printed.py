"""What a process printed into a file, of which only the end is looked at: it may be large."""

from pathlib import Path

_MOST_BYTES = 64 * 1024


def last_line(path: Path) -> str:
    """Return the last line that is not empty, at most 64 KB of it; "" where there is none, or no such file."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _MOST_BYTES))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""
