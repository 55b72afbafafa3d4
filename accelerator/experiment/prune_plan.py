"""What `prune` would remove, and what it keeps and why. Nothing is removed here."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.errors import StorageError, UsageError
from accelerator.experiment.list_runs import UNREADABLE
from accelerator.experiment.prune_choice import ALL, OLD, RUNS, Choice, Remove
from accelerator.runs.belongings import strangers, strangers_in_checkpoint
from accelerator.runs.checkpoints import list_checkpoints, list_leftovers
from accelerator.runs.choosing import choose_rows, sorted_by
from accelerator.runs.delivery import delivery
from accelerator.runs.disk import size_of
from accelerator.runs.family import MOST_LEVELS
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import is_held, read_holder
from accelerator.runs.progress import read_tracking
from accelerator.runs.row import Readings, RunRow
from accelerator.runs.uses import Uses

REMOVING = ".removing-"
"""What a run folder's name begins with while it is removed: no command takes it for a run."""
_AROUND = {"sweep.lock": "sweep", "pipeline.lock": "pipeline"}
_UNITS = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SMALLER = ("loss", "error", "perplexity")
_LARGER = ("accuracy", "f1", "auc", "precision", "recall", "score")


@dataclass(frozen=True)
class Removal:
    """What goes of one run."""

    run_id: str
    folder: Path
    checkpoints: tuple[Path, ...]
    """The folders that go; empty when the run goes as a whole."""
    is_whole: bool
    size_bytes: int


@dataclass(frozen=True)
class Plan:
    """What goes, and of what could have gone what stays: (run, why)."""

    removals: tuple[Removal, ...]
    kept: tuple[tuple[str, str], ...]
    leftovers: tuple[Path, ...] = ()
    """Run folders that a killed `prune` has begun to remove."""
    size_bytes: int = 0
    """What it frees."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON holds it: paths as texts, sizes in bytes."""
        return {
            "removals": [
                {
                    "run": item.run_id,
                    "folder": str(item.folder),
                    "is_whole": item.is_whole,
                    "checkpoints": [path.name for path in item.checkpoints],
                    "size_bytes": item.size_bytes,
                }
                for item in self.removals
            ],
            "kept": [{"run": run_id, "reason": reason} for run_id, reason in self.kept],
            "leftovers": [str(path) for path in self.leftovers],
            "size_bytes": self.size_bytes,
        }


def make_plan(rows: Sequence[RunRow], choice: Choice, output: Path) -> Plan:
    """Return what goes of runs.

    Args:
        rows: all runs below the output root, the newest last.
        choice: which of them, and what.
        output: the output root.

    Raises:
        UsageError: an age, a condition or a key cannot be understood, or all would go without being asked for.
    """
    if choice.remove != OLD and not choice.is_narrowed:
        raise UsageError(
            f"--remove {choice.remove}: which runs? Say it with --older_than 30d, --where EXPR, --keep_last N or "
            f"--keep_best N --by KEY."
        )
    oldest = None if choice.older_than is None else time.time() - _seconds(choice.older_than)
    chosen = choose_rows(rows, choice.where)
    spared = _spared(chosen, choice)
    chosen = [row for row in chosen if row.run_id not in spared and (oldest is None or _written_at(row) < oldest)]
    uses = Uses.read(output, rows)
    removals: list[Removal] = []
    kept = [(row.run_id, spared[row.run_id]) for row in rows if row.run_id in spared]
    going = {row.run_id for row in chosen} if choice.remove == RUNS else set()
    for row in reversed(chosen):  # children before their parents
        reason = _reason_to_keep(row, choice.remove, uses, going)
        removal = None if reason else _removal(row, choice.remove, uses, kept)
        if removal is not None:
            removals.append(removal)
        elif reason:
            kept.append((row.run_id, reason))
            going.discard(row.run_id)
    left = _half_removed(output)
    size = sum(item.size_bytes for item in removals) + sum(map(size_of, left))
    return Plan(tuple(reversed(removals)), tuple(kept), tuple(left), size)


def locked_by(folder: RunFolder) -> str:
    """Return why a run folder must not be touched now, in words; "" when nobody holds it."""
    if is_held(folder.lock):
        return "it is running"
    for above in list(folder.path.parents)[:MOST_LEVELS]:
        for name, what in _AROUND.items():
            if is_held(above / name):
                return f"the {what} that it belongs to is running"
    holder = read_holder(folder.forwarder_lock)
    if holder is not None and (holder.is_alive or not holder.is_here):
        return "its journal is being carried to the tracker"
    return ""


def _reason_to_keep(row: RunRow, remove: Remove, uses: Uses, going: set[str]) -> str:
    folder = RunFolder(Path(str(row.run_folder)))
    if folder.path.is_symlink():  # what uses the run names it otherwise
        return "it is a link to another folder"
    if row.status == UNREADABLE and remove != RUNS:
        return "its summary.json is damaged: the checkpoints may be all that is left of it"
    reason = locked_by(folder)
    if reason or remove == OLD:
        return reason
    reason = uses.of_run(row.run_id, going)
    if reason or remove == ALL:
        return reason
    if not _has_arrived(folder):
        return f"not all of it is in the tracker: accelerator experiment sync {row.run_id}"
    others = strangers(folder)
    return f"{len(others)} of its files are not its own, such as {others[0]}" if others else ""


def _has_arrived(folder: RunFolder) -> bool:
    """Tell whether a run is not tracked, or all of it is in the tracker: its journal is the only other copy."""
    try:
        return read_tracking(folder) is None or delivery(folder).is_complete
    except StorageError:  # `sync` says what to do about a damaged file
        return False


def _removal(row: RunRow, remove: Remove, uses: Uses, kept: list[tuple[str, str]]) -> Removal | None:
    path = Path(str(row.run_folder))
    if remove == RUNS:
        return Removal(row.run_id, path, (), True, row.size_bytes or 0)
    folder = RunFolder(path).checkpoints
    if folder.is_symlink():
        kept.append((row.run_id, "its checkpoints are a link"))
        return None
    found = list_checkpoints(folder)
    if remove == OLD and found:
        aliases = [folder / alias for alias in ("last", "best")]
        named = {alias.read_text(encoding="utf-8", errors="replace").strip() for alias in aliases if alias.is_file()}
        found = [item for item in found if item.name not in named and item != found[-1]]
    going = []
    for item in found:
        others = strangers_in_checkpoint(item)
        if item.is_symlink() or others:
            kept.append((row.run_id, f"{item.name} holds what is not its own: {(*others, 'a link')[0]}"))
        elif uses.needs_checkpoint(row.run_id, item.name):
            kept.append((row.run_id, f"{item.name} is used by a pipeline or another run"))
        else:
            going.append(item)
    going += list_leftovers(folder)
    if not going:
        return None
    return Removal(row.run_id, path, tuple(going), False, sum(size_of(item) for item in going))


def _spared(rows: Sequence[RunRow], choice: Choice) -> dict[str, str]:
    """Return the runs that are kept because they are the best or the newest, with the reason."""
    newest = rows[len(rows) - choice.keep_last :] if choice.keep_last else []
    spared = {row.run_id: f"among the newest {choice.keep_last}" for row in newest}
    if choice.by is None and not choice.keep_best:
        return spared
    if choice.by is None or not choice.keep_best:
        raise UsageError("--keep_best N and --by KEY belong together: --keep_best 5 --by validation/accuracy.")
    key, sort = _direction(choice.by)
    readings = Readings(rows)
    ranked = sorted_by(rows, sort, readings, "--by")
    best = [row for row in ranked if isinstance(readings.value(row, key), int | float)][: choice.keep_best]
    return spared | {row.run_id: f"among the best {choice.keep_best} by {key}" for row in best}


def _direction(by: str) -> tuple[str, str]:
    """Return the key, and what to sort by so that the best come first."""
    way, _, key = by.rpartition(":")
    last = key.rpartition("/")[2]
    if way == "min" or (not way and any(word in last for word in _SMALLER)):
        return key, key
    if way == "max" or (not way and any(word in last for word in _LARGER)):
        return key, f"-{key}"
    raise UsageError(f"--by {by}: is the best the smallest or the largest? Write --by min:{key} or --by max:{key}.")


def _seconds(age: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(min|h|d|w)", age)
    if found is None:
        raise UsageError(f"--older_than {age}: is no age. Write a number with min, h, d or w, such as 30d.")
    return float(found[1]) * _UNITS[found[2]]


def _written_at(row: RunRow) -> float:
    """Return when a run last wrote its summary, or else its folder, in seconds since 1970."""
    folder = RunFolder(Path(str(row.run_folder)))
    try:
        return (folder.summary if folder.summary.exists() else folder.path).stat().st_mtime
    except OSError:
        return time.time()


def _half_removed(output: Path) -> list[Path]:
    return sorted(path for path in output.rglob(f"{REMOVING}*") if path.is_dir() and not path.is_symlink())
