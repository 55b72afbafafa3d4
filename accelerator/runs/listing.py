"""The runs below an output folder, and which of them a RUN on the command line means."""

import os
from collections.abc import Iterator
from pathlib import Path

from accelerator.errors import RunNotFoundError, did_you_mean
from accelerator.runs.run import Run, is_run_folder

LAST = "last"


def list_runs(output: Path) -> list[Run]:
    """Return all runs below `output`, oldest first; those of pipelines too. An absent folder has none."""
    found = [(path.name, path) for path in _run_folders(output)]
    return [Run(path) for _, path in sorted(found)]


def find_run(reference: str, output: Path) -> Run:
    """Return the run that `reference` means: a path, a folder's name, a unique ending of it, or `last`.

    Raises:
        RunNotFoundError: it means none (the nearest are given), or more than one (all are given).
    """
    path = Path(reference).expanduser()
    if path.is_dir() and is_run_folder(path):
        return Run(path)
    runs = list_runs(output)
    if reference == LAST and runs:
        return runs[-1]
    found = [run for run in runs if run.name == reference] or [run for run in runs if run.name.endswith(reference)]
    if len(found) == 1 and reference:
        return found[0]
    if path.is_dir() and not found:
        return Run(path)  # says why it is none
    raise RunNotFoundError(_refusal(reference, output, runs, found))


def _run_folders(folder: Path, seen: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    try:
        here = os.stat(folder)
        entries = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    except OSError:
        return
    if (here.st_dev, here.st_ino) in seen:  # a link to a folder above it
        return
    seen |= {(here.st_dev, here.st_ino)}
    for entry in map(Path, entries):
        if is_run_folder(entry):
            yield entry
        else:
            yield from _run_folders(entry, seen)


def _refusal(reference: str, output: Path, runs: list[Run], found: list[Run]) -> str:
    if not runs:
        return (
            f"RUN = '{reference}': there is no run in {output} yet. Make one with `accelerator experiment "
            f"experiment=NAME`, or give the path of a run folder."
        )
    if len(found) > 1:
        names = ", ".join(str(run.folder.path) for run in found[:8])
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        return f"RUN = '{reference}' means more than one run: {names}{more}. Write more of the name, or the path."
    newest = [run.name for run in runs[::-1]][:200]
    return (
        f"RUN = '{reference}': no run in {output} has that name or ending, and it is no path of a run folder. "
        f"{did_you_mean(reference, newest, most=5)} `{LAST}` means the newest; `accelerator experiment list` shows all."
    )
