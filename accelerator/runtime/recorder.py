"""The open run folder of a running run: its one writer while the lock is held.

What is written when: config, provenance, environment, parameters and tags at the start; points as they are fetched;
`summary.json` at the start, with every checkpoint and at the end. Carrying all that to a tracker is the forwarder's
work, a process of its own.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, final

import torch
import yaml
from omegaconf import OmegaConf

from accelerator.config.compose import composition_of
from accelerator.config.saved import saved_values, yaml_of
from accelerator.errors import ComponentError, in_one_line
from accelerator.redaction import redact_text
from accelerator.runs.delivery import mlflow_address, start_forwarder
from accelerator.runs.environment import Resources, collect_environment, write_environment
from accelerator.runs.files import remove_leftovers, storage_error, write_text
from accelerator.runs.folder import RunFolder, create_run_folder
from accelerator.runs.journal import ARTIFACT, EVENT, METRIC, JournalWriter, read_journal
from accelerator.runs.lock import RunLock
from accelerator.runs.overrides import read_overrides
from accelerator.runs.summary import RUNNING, Summary, write_summary
from accelerator.runtime.scalars import Point
from accelerator.runtime.start_records import files, parameters, tags

if TYPE_CHECKING:
    from accelerator.runtime.context import Context

_LOG_FORMAT = "%(asctime)s %(levelname)s rank 0 %(message)s"


@dataclass(frozen=True)
class Opening:
    """How the run folder is to be opened."""

    folder: RunFolder | None
    """The folder to go on in; None for a new one."""
    from_step: int | None
    """The step that the run goes on from; None for a new run."""


@final
class Recorder:
    """Writes one run folder.

    Attributes:
        folder: the run folder.
        log: the run's own logger; it writes to `log.txt`.
        config: the text of `config.yaml`.
    """

    folder: RunFolder
    log: logging.Logger
    config: str

    def __init__(self, context: "Context", opening: Opening) -> None:
        """Create the folder (or take up the one to go on in), lock it, and write what is known at the start.

        Raises:
            RunLockedError: another process is writing it.
            StorageError: the disk refuses.
        """
        self.folder = opening.folder or create_run_folder(context.settings.output, context.settings.name)
        self._lock = RunLock.acquire(self.folder.lock)
        self._guard = threading.Lock()  # the checkpoint's thread writes the summary too
        try:
            remove_leftovers(self.folder.path)
            self.log, self._handler = _open_log(self.folder)
            self._recorded = _points_at(self.folder, opening.from_step)
            self._journal = JournalWriter(self.folder.journal, from_step=opening.from_step)
            self._write_start(context)
        except BaseException:
            self._lock.release()
            raise
        if context.settings.is_tracked:
            start_forwarder(self.folder, context.settings.project.root)

    def points(self, points: Iterable[Point]) -> None:
        """Append points to the journal.

        Raises:
            StorageError: the disk refuses.
        """
        records = [point.record() for point in points if (point.name, point.step) not in self._recorded]
        if records:
            self._journal.append(records)

    def event(self, name: str, **details: Any) -> None:
        """Append something that happened to the journal and the log."""
        self._journal.append([{"kind": EVENT, "name": name, "time": time.time(), **details}])
        self.log.info("%s %s", name, " ".join(f"{key}={value}" for key, value in details.items()))

    @contextmanager
    def artifact(self, name: str, step: int) -> Iterator[Path]:
        """Give the path to write an artifact to (`artifacts/<name>` with the step in it), then journal it.

        Raises:
            ComponentError: the name leaves the folder.
        """
        given = PurePosixPath(name)
        if given.is_absolute() or ".." in given.parts or not given.name:
            raise ComponentError(f"'{name}' is no name for an artifact: it must stay inside the run folder.")
        inside = PurePosixPath("artifacts") / given.parent / f"{given.stem}-step-{step:08d}{given.suffix}"
        path = self.folder.path / inside
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield path
        except OSError as error:
            raise storage_error(path, error) from error
        record = {"kind": ARTIFACT, "name": name, "path": str(inside), "step": step, "time": time.time()}
        self._journal.append([record])

    def keep(self, path: Path, text: str) -> None:
        """Write a text file of the run folder, and journal it as an artifact.

        Raises:
            StorageError: the disk refuses.
        """
        inside = path.relative_to(self.folder.path).as_posix()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(path, error) from error
        write_text(path, text)
        self._journal.append([{"kind": ARTIFACT, "name": inside, "path": inside, "time": time.time()}])

    def sync(self) -> None:
        """Flush the journal to the disk."""
        self._journal.sync()

    def summarise(self, summary: Summary) -> Summary:
        """Replace `summary.json`; from any thread of this process. Returns it with the tracker's address."""
        with self._guard:
            complete = replace(summary, mlflow=mlflow_address(self.folder), run_folder=self.folder.path)
            write_summary(self.folder, complete)
            return complete

    def traceback(self, error: BaseException) -> None:
        """Keep the whole traceback of what ended the run in `log.txt`."""
        text = redact_text("".join(traceback.format_exception(error)))
        self.log.error("the run failed\n%s", text)

    def close(self) -> None:
        """Close the files and let go of the folder; the forwarder then knows that the run has ended."""
        try:
            self._journal.close()
        finally:
            self.log.removeHandler(self._handler)
            with suppress(OSError):  # of a full disk: the journal has said so
                self._handler.close()
            self._lock.release()

    def _write_start(self, context: "Context") -> None:
        folder, settings = self.folder, context.settings
        self.summarise(summary_of(context, RUNNING))
        resources = Resources(str(context.device), torch.get_num_threads(), context.world_size)
        command = sys.argv if sys.argv and sys.argv[0] else [sys.executable]
        environment = collect_environment(command, settings.project.root, resources)
        write_environment(folder, environment)
        values = _values(context)
        self.config = _text(context, values)
        write_text(folder.config, self.config)
        composition = composition_of(context.config)
        typed = read_overrides(folder)  # those of a resumed run's earlier commands
        if composition is not None:
            write_text(folder.provenance, composition.provenance.to_json())
            typed += [redact_text(item) for item in composition.overrides]
            write_text(folder.overrides, yaml.safe_dump(typed))
        told = tags(values, composition, typed, settings.parent)
        self._journal.append([*parameters(values), *told, *files(folder)])
        self.log.info("started: %s", ", ".join(context.notes))


def summary_of(context: "Context", status: str) -> Summary:
    """Return how a run stands at this moment."""
    state = context.state
    busy = state.seconds - state.evaluation_seconds
    error = state.error
    return Summary(
        status=status,
        epoch=state.epoch,
        step=state.step,
        metrics=dict(state.metrics),
        best=state.best,
        seconds=state.seconds,
        samples_per_second=state.samples / busy if busy > 0 and state.samples else None,
        checkpoint=None if state.checkpoint is None else state.checkpoint.name,
        error=None if error is None else redact_text(in_one_line(error)),
        parent=context.settings.parent,
    )


def saved_config(context: "Context") -> str:
    """Return what `config.yaml` holds: the resolved config, or the settings of a context made in Python."""
    return context.recorder.config if context.recorder is not None else _text(context, _values(context))


def _values(context: "Context") -> dict[str, Any]:
    return saved_values(context.config if context.config is not None else OmegaConf.create(_plain(context)))


def _text(context: "Context", values: Mapping[str, Any]) -> str:
    made = "# Made in Python from objects: these are its plain values.\n" if context.config is None else ""
    return made + yaml_of(values)


def _plain(context: "Context") -> dict[str, Any]:
    settings = context.settings
    sections = {name: _texts(vars(getattr(settings, name))) for name in ("loader", "train", "checkpoint")}
    return {"name": settings.name, "seed": settings.seed, "tags": dict(settings.tags), "tracking": None, **sections}


def _texts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | float | str | None) else str(value) for name, value in values.items()
    }


def _points_at(folder: RunFolder, step: int | None) -> frozenset[tuple[str, int]]:
    """Return what the journal has of the step that a run goes on from: it may have been told after the checkpoint."""
    if not step:
        return frozenset()
    found = read_journal(folder.journal)
    return frozenset((item["name"], step) for item in found if item.get("kind") == METRIC and item.get("step") == step)


def note_failed_start(folder: RunFolder, error: BaseException) -> None:
    """Keep in the log of a run that was not gone on with the whole traceback of what is in the way.

    Raises:
        StorageError: the log cannot be written.
    """
    log, handler = _open_log(folder)
    log.error("the run was not gone on with\n%s", redact_text("".join(traceback.format_exception(error))))
    log.removeHandler(handler)
    handler.close()


class _LogFile(logging.FileHandler):
    """Goes on without the log when the disk is full: whoever writes the journal next says so."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing."""


def _open_log(folder: RunFolder) -> tuple[logging.Logger, logging.Handler]:
    log = logging.Logger(f"accelerator.{folder.run_id}", level=logging.INFO)  # its own: not in logging's global tree
    try:
        handler = _LogFile(folder.log, encoding="utf-8")
    except OSError as error:
        raise storage_error(folder.log, error) from error
    handler.setFormatter(logging.Formatter(_LOG_FORMAT))
    log.addHandler(handler)
    return log, handler
