"""The run of a whole that other runs are children of, a sweep or a pipeline: a run folder like any other.

It lies hidden in the folder of the whole (`runs.family`), and its journal is carried as any run's is: nothing here
knows MLflow.
"""

import sys
import time
from collections.abc import Mapping, Sequence

from accelerator.config.project import Project
from accelerator.runs.environment import Resources, collect_environment, write_environment
from accelerator.runs.files import storage_error, write_text
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import METRIC, TAG, JournalWriter, Record
from accelerator.runs.links import refuse_links
from accelerator.runs.lock import RunLock
from accelerator.runs.summary import Summary, write_summary


def open_group_run(run: RunFolder, config: str, project: Project) -> RunLock:
    """Make the run, or take up the one that is there, and return its lock: while it is held, the run counts as running.

    Args:
        run: where it lies.
        config: the text of its `config.yaml`: at least `name` and `tracking`.
        project: the present one.

    Raises:
        InputError: a part of the folder that is there is a link.
        RunLockedError: another process writes it.
        StorageError: the disk refuses.
    """
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(run.path, error, doing="created") from error
    refuse_links(run)
    lock = RunLock.acquire(run.lock)
    try:
        write_text(run.config, config)
        if not run.environment.exists():  # what it was begun with counts
            write_environment(run, collect_environment(sys.argv, project.root, Resources("none", 0)))
        write_summary(run, Summary())
    except BaseException:
        lock.release()
        raise
    return lock


def append_records(run: RunFolder, records: Sequence[Record]) -> None:
    """Append records to the run's journal, as a segment of their own."""
    journal = JournalWriter(run.journal)
    journal.append(records)
    journal.close()


def tags(values: Mapping[str, str]) -> list[Record]:
    """Return the records of tags."""
    return [{"kind": TAG, "name": name, "value": value} for name, value in values.items()]


def points(metrics: Mapping[str, float]) -> list[Record]:
    """Return the records of metrics of the whole, at step 0."""
    now = time.time()
    return [{"kind": METRIC, "name": name, "value": value, "step": 0, "time": now} for name, value in metrics.items()]
