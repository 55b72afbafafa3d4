"""Which checkpoints a run keeps, and which of them are `last` and `best`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.errors import CheckpointError
from accelerator.runs.checkpoints import discard, list_checkpoints
from accelerator.runs.files import write_text
from accelerator.runtime.checkpoint.files import read_manifest

LAST, BEST = "last", "best"


@dataclass(frozen=True)
class Keeper:
    """Keeps the newest `keep_last` and the best `keep_best` checkpoints of one folder, and removes the others."""

    folder: Path
    keep_last: int
    keep_best: int
    mode: str

    def tidy(self) -> None:
        """Point `last` and `best` at the right checkpoints, then remove those that nothing keeps.

        Raises:
            StorageError: the disk refuses.
        """
        found = list_checkpoints(self.folder)
        if not found:
            return
        ranked = self.ranked(found) or [found[-1]]
        self._point(LAST, found[-1])
        self._point(BEST, ranked[0])
        kept = {*found[-self.keep_last :], *ranked[: max(1, self.keep_best)]}
        for path in found:
            if path not in kept:
                discard(path)

    def ranked(self, found: Sequence[Path]) -> list[Path]:
        """Return the checkpoints that have a value from best to worst; a tie goes to the older one."""
        sign = 1.0 if self.mode == "min" else -1.0
        values = [(_value(path), path) for path in found]
        ranked = sorted((sign * value, place, path) for place, (value, path) in enumerate(values) if value is not None)
        return [path for _, _, path in ranked]

    def _point(self, alias: str, path: Path) -> None:
        file = self.folder / alias
        if not file.is_file() or file.read_text(encoding="utf-8").strip() != path.name:
            write_text(file, f"{path.name}\n")


def resolve_alias(folder: Path, alias: str) -> Path:
    """Return the checkpoint that `last` or `best` names, or the one of that name (`step-00001200`).

    Raises:
        CheckpointError: there is none.
    """
    file = folder / alias
    found = list_checkpoints(folder)
    name = file.read_text(encoding="utf-8", errors="replace").strip() if file.is_file() else alias
    path = folder / name
    if path not in found:  # also a path to elsewhere, which nobody of ours wrote there
        names = ", ".join(item.name for item in found) or "none"
        raise CheckpointError(f"{folder}: there is no checkpoint '{alias}'. There: {names}.")
    return path


def _value(path: Path) -> float | None:
    try:
        monitor: Mapping[str, Any] | None = read_manifest(path).get("monitor")
    except CheckpointError:
        return None
    return None if monitor is None else float(monitor["value"])
