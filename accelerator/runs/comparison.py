"""What differs between runs, grouped by its cause, with what came out of each beside it."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.errors import StorageError
from accelerator.leaves import leaves
from accelerator.runs.files import json_ready, read_json
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary

OVERRIDES = "overrides"
CHOICES = "choices"
CONFIG_FILES = "config files"
CODE = "code"
ENVIRONMENT = "environment"
SEED = "seed"
RESULT = "result"
CAUSES = (SEED, OVERRIDES, CHOICES, CONFIG_FILES, CODE, ENVIRONMENT, RESULT)
"""In the order of the table. Choices: which config each group was given, and the keys that come from another file."""

ABSENT = None
UNREADABLE = "unreadable"
_FILE = re.compile(r"(?P<path>[^=]+):\d+")
_OF_ENVIRONMENT = ("python", "host", "platform", "device", "cpus", "threads", "world_size")


@dataclass(frozen=True)
class Difference:
    """One key with its value in each run, in the order of the runs; None where a run has none."""

    cause: str
    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side. `result` rows are always there; of all others only what differs."""

    runs: tuple[str, ...]
    differences: tuple[Difference, ...]
    num_same: int
    """Keys of the config that are the same in all runs."""
    notes: tuple[str, ...]
    """Files that a run lacks or that cannot be read: what they would say is not compared."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, the differences by cause."""
        grouped: dict[str, Any] = {cause: {} for cause in CAUSES}
        for item in self.differences:
            grouped[item.cause][item.key] = list(item.values)
        found = {"runs": list(self.runs), "differences": grouped, "same_keys": self.num_same, "notes": list(self.notes)}
        ready: dict[str, Any] = json_ready(found)
        return ready


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Compare two runs or more; one that died, or lacks files, is compared by what it has."""
    notes: list[str] = []
    facts = [_read(run, notes) for run in runs]
    found = list(dict.fromkeys(key for item in facts for key in item.config or {}))
    # null or {} in one run, and a mapping in another, whose own keys tell the difference
    keys = [key for key in found if not any(other.startswith(f"{key}.") for other in found)]
    config = [item for key in keys if (item := _of_config(key, facts)) is not None]
    differences = [*_of_choices(facts), *config, *_of_code(facts), *_of_environment(facts), *_results(facts)]
    differences.sort(key=lambda item: CAUSES.index(item.cause))
    return Comparison(names_of(runs), tuple(differences), len(keys) - len(config), tuple(notes))


@dataclass(frozen=True)
class _Facts:
    """What one run's folder tells; None for a file that is not there or cannot be read."""

    summary: Summary
    config: dict[str, Any] | None
    sources: dict[str, Any]
    choices: dict[str, str]
    environment: dict[str, Any] | None
    diff: str


def _read(run: Run, notes: list[str]) -> _Facts:
    folder = run.folder

    def read(path: Path, load: Any) -> Any:
        try:
            found = load()
        except (StorageError, OSError, ValueError) as error:
            notes.append(str(error) if isinstance(error, StorageError) else f"{path}: cannot be read ({error}).")
            return None
        if not found:
            notes.append(f"{path} is not there: what it would tell is not compared.")
        return found or None

    def mapping(path: Path) -> Any:
        found = read(path, lambda: read_json(path) if path.exists() else None)
        return found if isinstance(found, dict) else None

    summary = read(folder.summary, lambda: run.summary)
    config = read(folder.config, lambda: run.config)
    return _Facts(
        summary or Summary(status=UNREADABLE),
        None if config is None else dict(leaves(config)),
        mapping(folder.provenance) or {},
        run.choices(),
        mapping(folder.environment),
        folder.git_diff.read_text(encoding="utf-8", errors="replace") if folder.git_diff.is_file() else "",
    )


def _of_choices(facts: Sequence[_Facts]) -> Iterator[Difference]:
    """Yield the groups that were given different configs; a run whose journal tells of none is not compared."""
    known = [item.choices for item in facts if item.choices]
    for group in dict.fromkeys(name for item in known for name in item):
        if len({item.get(group) for item in known}) > 1:
            yield Difference(CHOICES, group, tuple(item.choices.get(group, ABSENT) for item in facts))


def _of_config(key: str, facts: Sequence[_Facts]) -> Difference | None:
    known = [item for item in facts if item.config is not None]
    values = [item.config.get(key, ABSENT) for item in known if item.config is not None]
    if len({json.dumps(value, default=str) for value in values}) < 2:
        has_key = {key in item.config for item in known if item.config is not None}
        if len(has_key) < 2:
            return None
    return Difference(_cause(key, known), key, tuple(_shown(key, item) for item in facts))


def _shown(key: str, facts: _Facts) -> Any:
    """Return a value as it is compared; one that is null is told from one that is not there."""
    if facts.config is None:
        return UNREADABLE
    return "null" if key in facts.config and facts.config[key] is None else facts.config.get(key, ABSENT)


def _cause(key: str, facts: Sequence[_Facts]) -> str:
    """Return why a key differs: what set it last in each run tells."""
    if key == "seed":
        return SEED
    sources = [_source(key, item) for item in facts]
    files = [_FILE.fullmatch(source) for source in sources]
    if any(source and not file for source, file in zip(sources, files, strict=True)):
        return OVERRIDES
    paths = {file["path"] if file else "" for file in files}
    return CHOICES if len(paths) > 1 else CONFIG_FILES


def _source(key: str, facts: _Facts) -> str:
    """Return what set a key, or the nearest one above it that the run has; "" where nothing is known."""
    config = facts.config or {}
    while key:
        found = facts.sources.get(key)
        is_there = key in config or any(name.startswith(f"{key}.") for name in config)
        if is_there and isinstance(found, list) and found:
            return str(found[-1])
        key = key.rpartition(".")[0]
    return ""


def _of_code(facts: Sequence[_Facts]) -> Iterator[Difference]:
    git = [_mapping((item.environment or {}).get("git")) for item in facts]
    rows = {
        "git commit": [str(item["commit"])[:10] if item.get("commit") else ABSENT for item in git],
        "uncommitted changes": [item.get("dirty") for item in git],
        "their hash": [hashlib.sha256(item.diff.encode()).hexdigest()[:10] if item.diff else ABSENT for item in facts],
    }
    yield from _differing(CODE, rows)


def _of_environment(facts: Sequence[_Facts]) -> Iterator[Difference]:
    environments = [item.environment or {} for item in facts]
    rows = {name: [item.get(name) for item in environments] for name in _OF_ENVIRONMENT}
    packages = [_mapping(item.get("packages")) for item in environments]
    for name in sorted({name for item in packages for name in item}):
        rows[name] = [item.get(name) for item in packages]
    yield from _differing(ENVIRONMENT, rows)


def _mapping(found: Any) -> dict[str, Any]:
    """Return what a file should hold as a mapping; {} where its maker wrote something else."""
    return found if isinstance(found, dict) else {}


def _differing(cause: str, rows: dict[str, list[Any]]) -> Iterator[Difference]:
    for name, values in rows.items():
        if any(value != values[0] for value in values):
            yield Difference(cause, name, tuple(values))


def _results(facts: Sequence[_Facts]) -> Iterator[Difference]:
    summaries = [item.summary for item in facts]
    for name in ("status", "epoch", "step", "seconds"):
        yield Difference(RESULT, name, tuple(getattr(item, name) for item in summaries))
    for name in ("parent", "error"):
        if any(getattr(item, name) for item in summaries):
            yield Difference(RESULT, name, tuple(getattr(item, name) for item in summaries))
    for name in dict.fromkeys(name for item in summaries for name in item.metrics):
        yield Difference(RESULT, name, tuple(item.metrics.get(name) for item in summaries))
    bests = [item.best for item in summaries]
    for metric in dict.fromkeys(best["metric"] for best in bests if best):
        values = tuple(best["value"] if best and best["metric"] == metric else ABSENT for best in bests)
        yield Difference(RESULT, f"best {metric}", values)


def names_of(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the runs' names; where two are alike, their paths."""
    names = [run.name for run in runs]
    return tuple(run.name if names.count(run.name) == 1 else str(run.folder.path) for run in runs)
