"""The parts of a run as runs below it in MLflow: the steps of a pipeline, what came into each and what it gave.

A part that made a run of its own is that run, which its own forwarder has brought there; for any other a small run is
made. Lineage stands in tags, to be read from both ends: `accelerator.input.KEY` of who was given something names the
run that made it, `accelerator.used_by.RUN` of who made it names the run that was given it. All of it may be written
any number of times.

What files say of other runs is believed of those that bear our tag with the name of the folder that is meant, and only
a run that lies in the folder of the whole is taken for a part of it.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from accelerator.errors import StorageError
from accelerator.runs.family import folder_of
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import PART, Record, read_journal
from accelerator.runs.listing import list_runs
from accelerator.runs.parts import RUNNING, SKIPPED, CameIn, Origin, Part, part_of_record
from accelerator.runs.progress import Tracking, read_tracking
from accelerator.runs.summary import INTERRUPTED
from accelerator.tracking.addresses import ADDRESS
from accelerator.tracking.mlflow_adoption import PARENT_TAG, active_run
from accelerator.tracking.mlflow_artifacts import MlflowArtifacts
from accelerator.tracking.mlflow_names import RUN_TAG
from accelerator.tracking.mlflow_open import run_tagged
from accelerator.tracking.mlflow_run import STATUSES, MlflowRun
from accelerator.tracking.sink import SinkError

STEP_TAG, INPUT_TAG, OUTPUT_TAG = "accelerator.step", "accelerator.input", "accelerator.output"
USED_TAG, REUSED_TAG, SKIPPED_TAG = "accelerator.used_by", "accelerator.reused_by", "accelerator.skipped_from"
_log = logging.getLogger(__name__)


class MlflowFamily:
    """A run in MLflow, and the runs below it."""

    def __init__(self, client: MlflowClient, parent: Run, folder: RunFolder, address: str) -> None:
        """
        Args:
            client: of the store.
            parent: the run of the whole.
            folder: its run folder.
            address: the store's, without credentials.
        """
        self._client = client
        self._parent = parent
        self._folder = folder
        self._address = address
        self._late: set[Path] = set()

    def show(self, records: Iterable[Record]) -> int:
        """Show how parts stand; return how many records tell of none."""
        self._late.clear()
        parts = [_part_of(record) for record in records]
        for part in parts:
            if part is not None:
                self._show(part)
        return parts.count(None)

    def settle(self) -> None:
        """Show how all parts stood when the whole had ended: what was running then was stopped with it.

        Raises:
            SinkError: a run that a part made or was given something by is not there yet.
        """
        self._late.clear()
        last: dict[str, Part] = {}
        for record in read_journal(self._folder.journal):
            part = _part_of(record) if record.get("kind") == PART else None
            if part is not None:
                last[part.name] = replace(part, state=INTERRUPTED) if part.state == RUNNING else part
        for part in last.values():
            self._show(part)
        if self._late:
            first, *more = sorted(self._late)
            others = f" and {len(more)} more" if more else ""
            raise SinkError(
                f"{first}{others} is not in MLflow yet. To bring it there: accelerator experiment sync {first}"
            )

    def _show(self, part: Part) -> None:
        """Show a part, unless the run that it made is still on its way."""
        origin = Origin(str(self._folder.path), part.name, self._run_folder_of(part))
        own = self._own(origin)
        if own is None and origin.run_folder is not None and Path(origin.run_folder) in self._late:
            return
        made = run_tagged(self._client, origin.key, [self._parent.info.experiment_id])
        self._opened(self._parent).log_tags([(f"{STEP_TAG}.{part.name}", part.state)])
        if own is None and made is None:
            if part.state == RUNNING and part.has_run:  # its own forwarder is about to show it
                return
            made = self._make(part, origin.key)
        if made is not None:
            self._place_below(made, self._parent)
            self._write_state(made, part)
        if own is not None:
            self._place_below(own, self._parent if made is None else made)
        shown = own or made
        assert shown is not None
        self._opened(shown).log_tags([*self._tags(part)])
        self._link_back(shown, part)

    def _make(self, part: Part, key: str) -> Run:
        name = f"{part.name} ({SKIPPED})" if part.state == SKIPPED else part.name
        tags = {RUN_TAG: key, PARENT_TAG: self._parent.info.run_id}
        tags |= {name: value for name, value in self._parent.data.tags.items() if name.startswith("mlflow.source.")}
        experiment, start = self._parent.info.experiment_id, int(part.time * 1000)
        return self._client.create_run(experiment, start_time=start, tags=tags, run_name=name)

    def _write_state(self, made: Run, part: Part) -> None:
        """Give a run that we have made the part's state and its figures."""
        if part.state == RUNNING:
            self._client.update_run(made.info.run_id, status="RUNNING", name=part.name)
            return
        points = [{"name": name, "value": value, "step": 0, "time": part.time} for name, value in part.metrics.items()]
        self._opened(made).log_metrics(points)
        self._client.set_terminated(made.info.run_id, STATUSES.get(part.state, "FINISHED"), int(part.time * 1000))

    def _place_below(self, run: Run, parent: Run) -> None:
        """Give a run its parent, unless it is the child of another run that is there."""
        before = run.data.tags.get(PARENT_TAG)
        is_free = before in (None, self._parent.info.run_id) or active_run(self._client, str(before)) is None
        if is_free and before != parent.info.run_id:
            self._client.set_tag(run.info.run_id, PARENT_TAG, parent.info.run_id)

    def _tags(self, part: Part) -> Iterable[tuple[str, str]]:
        yield STEP_TAG, part.name
        yield f"{STEP_TAG}.state", part.state
        for name, value in part.tags.items():
            yield f"{STEP_TAG}.{name}", value
        for item in part.came_in:
            yield f"{INPUT_TAG}.{item.key}", _json(self._came_in(item))
        for name, output in part.gave.items():
            yield f"{OUTPUT_TAG}.{name}", _json({"type": output.type, "value": output.value, "hash": output.hash})
        if part.taken_from is not None:
            origin = part.taken_from
            folder = origin.run_folder or str(folder_of(RunFolder(Path(origin.folder))))
            yield SKIPPED_TAG, _json({**self._named(origin), "folder": folder})

    def _came_in(self, item: CameIn) -> dict[str, Any]:
        origin = {} if item.origin is None else {**self._named(item.origin), "output": item.output}
        return {**origin, "value": item.value, "hash": item.hash}

    def _named(self, origin: Origin) -> dict[str, str | None]:
        found = self._find(origin)
        return {"run_id": None if found is None else found.info.run_id, "step": origin.part}

    def _link_back(self, shown: Run, part: Part) -> None:
        """Tell those whose outputs came in who was given them."""
        here = {"run_id": shown.info.run_id, "step": part.name}
        name = shown.data.tags[RUN_TAG]
        if part.taken_from is not None:
            self._tell(part.taken_from, f"{REUSED_TAG}.{name}", here)
            return
        given: dict[Origin, dict[str, str]] = {}
        for item in part.came_in:
            if item.origin is not None:
                given.setdefault(item.origin, {})[item.key] = item.output
        for origin, inputs in given.items():
            self._tell(origin, f"{USED_TAG}.{name}", {**here, "inputs": inputs})

    def _tell(self, origin: Origin, tag: str, what: Mapping[str, Any]) -> None:
        found = self._find(origin)
        if found is not None:
            self._opened(found).log_tags([(tag, _json(what))])

    def _run_folder_of(self, part: Part) -> str | None:
        """Return the folder of the run that a part made, also of one that has not come to its end."""
        if part.run_folder is not None or not part.has_run or part.folder is None:
            return part.run_folder
        below = list_runs(Path(part.folder))
        return str(below[0].folder.path) if below else None

    def _find(self, origin: Origin) -> Run | None:
        """Return the run that a part is in this store, if it has it; one that it is still to get is noted."""
        found = self._own(origin)
        whole = RunFolder(Path(origin.folder))
        tracking = _tracking(whole)
        if found is not None or tracking is None:
            return found
        if tracking.target.get(ADDRESS) == self._address:
            experiment = self._client.get_experiment_by_name(tracking.target.get("experiment", ""))
            found = None if experiment is None else run_tagged(self._client, origin.key, [experiment.experiment_id])
        if found is None and tracking.finished is None and whole.path != self._folder.path:
            self._late.add(folder_of(whole))
        return found

    def _own(self, origin: Origin) -> Run | None:
        """Return the run that a part made itself, in its own folder or below; None for one from elsewhere."""
        whole = folder_of(RunFolder(Path(origin.folder)))
        if origin.run_folder is None or not Path(origin.run_folder).resolve().is_relative_to(whole.resolve()):
            return None
        place = RunFolder(Path(origin.run_folder))
        tracking = _tracking(place)
        if tracking is not None and not tracking.target and tracking.finished is None:
            self._late.add(place.path)
        if tracking is None or tracking.target.get(ADDRESS) != self._address or not tracking.target.get("run_id"):
            return None
        run = active_run(self._client, tracking.target["run_id"])
        return run if run is not None and run.data.tags.get(RUN_TAG) == place.run_id else None

    def _opened(self, run: Run) -> MlflowRun:
        artifacts = MlflowArtifacts(self._client, run.info.run_id, self._folder.path)
        return MlflowRun(self._client, run.info.run_id, artifacts)


def _part_of(record: Record) -> Part | None:
    try:
        return part_of_record(record)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        _log.warning("%.200s: tells of no part of a run (%s)", record, error)
        return None


def _tracking(folder: RunFolder) -> Tracking | None:
    try:
        return read_tracking(folder) if folder.tracking.is_file() else None
    except StorageError:  # damaged: `sync` of that run says so
        return None


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
