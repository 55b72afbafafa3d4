"""Removing records of steps that nothing can be taken from any more. What steps gave lies elsewhere, and stays."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from accelerator.config.project import Project
from accelerator.pipeline.cache import StepCache
from accelerator.pipeline.pipeline_folder import output_of


@dataclass(frozen=True)
class CleanedCache:
    """What was removed, or would be: each file and why."""

    removed: tuple[tuple[Path, str], ...]
    is_dry_run: bool


def clean_cache(
    name: str | None = None,
    overrides: Sequence[str] = (),
    *,
    project: Project,
    dry_run: bool = False,
    every: bool = False,
) -> CleanedCache:
    """Remove records that cannot be used, of all pipelines or of one; with `every` also those that can.

    `overrides` say where they lie, as they said it to the run: `paths.output=DIR`.

    Raises:
        UsageError: an override says nothing about that.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
    """
    cache = StepCache(output_of(overrides, project))
    found = [*_records(cache, name, every), *_pointers(cache, name, every)]
    if name is None:
        found += _locks(cache)
    if not dry_run:
        for path, _ in found:
            with suppress(FileNotFoundError):
                path.unlink()
    return CleanedCache(tuple(found), dry_run)


def _records(cache: StepCache, name: str | None, every: bool) -> Iterator[tuple[Path, str]]:
    for path in sorted((cache.path / "steps").glob("*.json")):
        record = cache.find(path.stem)
        if record is None:
            if name is None:
                yield path, "it is damaged, or of another version"
        elif name is None or record.pipeline == name:
            gone = cache.what_is_gone(record)
            if gone or every:
                yield path, gone or f"{record.step} of {record.pipeline} is done"


def _pointers(cache: StepCache, name: str | None, every: bool) -> Iterator[tuple[Path, str]]:
    """Yield what says where steps were begun, when nothing is left there; with `every` also what was done last."""
    for path in sorted((cache.path / "begun").glob("*.json")) if name is None else ():
        if cache.begun(path.stem) is None:
            yield path, "what was begun there is gone"
        elif every:
            yield path, "a step was begun and has not come to its end"
    if every:
        for path in sorted((cache.path / "last").glob(f"{name or '*'}/*.json")):
            yield path, "what the step was last done with"


def _locks(cache: StepCache) -> Iterator[tuple[Path, str]]:
    """Yield the locks that nobody holds. One that is taken in between is no harm: its holder sees that it is gone."""
    for path in sorted((cache.path / "locks").glob("*.lock")):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
        yield path, "nobody holds it"
