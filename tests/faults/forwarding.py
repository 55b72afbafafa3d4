"""Forwarders in this process, at a pace of their own, and what a store has of their runs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread

from mlflow import MlflowClient
from mlflow.entities import Run

from accelerator.config.project import Project
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.lock import RunLock
from accelerator.runs.progress import Tracking
from accelerator.runs.summary import Summary, write_summary
from accelerator.tracking.forward import open_sink
from accelerator.tracking.forwarder import Forwarder, Pace
from accelerator.tracking.sink import Sink

QUICK = Pace(0.02, 0.0, longest_pause_s=0.05, longest_pause_after_end_s=0.05, patience_after_end_s=200.0)


def forwarder_of(folder: RunFolder, project: Path, wrap: Callable[[Sink], Sink] | None = None) -> Forwarder:
    """Return the forwarder of a run; `wrap` puts something around the sink that it opens."""

    def opening(tracking: Tracking) -> tuple[Sink, str, Mapping[str, str]]:
        sink, name, target = partial(open_sink, folder, Project(project), is_judged=True)(tracking)
        return (wrap(sink) if wrap is not None else sink), name, target

    return Forwarder(folder, opening)


@contextmanager
def going_on(folder: RunFolder, project: Path) -> Iterator[JournalWriter]:
    """Hold a run that is written, with its forwarder in a thread; the run ends with the block."""
    forwarder = forwarder_of(folder, project)
    thread = Thread(target=forwarder.run, args=(QUICK,), daemon=True)
    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary())
        writer = JournalWriter(folder.journal)
        thread.start()
        yield writer
        writer.close()
        write_summary(folder, Summary("completed"))
    thread.join(60)
    assert not thread.is_alive()


def run_of(uri: str, folder: RunFolder) -> Run:
    """Return the one run that the store has of a run folder."""
    client = MlflowClient(uri)
    experiments = [item.experiment_id for item in client.search_experiments()]
    (found,) = client.search_runs(experiments, f"tags.`accelerator.run_id` = '{folder.run_id}'")
    return found


def steps_of(uri: str, folder: RunFolder, name: str = "train/loss") -> list[int]:
    """Return the steps that the store has of a metric."""
    return [item.step for item in MlflowClient(uri).get_metric_history(run_of(uri, folder).info.run_id, name)]
