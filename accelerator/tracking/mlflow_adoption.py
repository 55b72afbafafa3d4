"""Whose child a run is in MLflow: of the run that `mlflow run` made before it started us, or of its sweep or pipeline.

The run that `mlflow run` made is taken by one run of ours; all others become its children.

Its id stands in MLFLOW_RUN_ID, which processes below inherit: a child process, the jobs of a sweep. (The steps of a
pipeline do not: none of them is the whole.) Who takes it writes the parameter `accelerator.run_id`. MLflow lets a
parameter be written once, so that of two that ask in the same moment one gets the run, wherever they run.
"""

import logging
import os
import time
from collections.abc import Callable

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from accelerator.errors import StorageError
from accelerator.runs.delivery import mlflow_address
from accelerator.runs.environment import MLFLOW, RUN_ID
from accelerator.runs.family import parent_of
from accelerator.runs.folder import RunFolder
from accelerator.runs.parts import name_of_part
from accelerator.tracking.mlflow_names import RUN_TAG
from accelerator.tracking.sink import TrackedRun

PARENT_TAG = "mlflow.parentRunId"
KILLED = "KILLED"
GUARDED_S = 15.0
"""`mlflow run` writes how its command ended about a second after it has; our command may take seconds to end."""
_POLL_S = 0.5
_log = logging.getLogger(__name__)


def started_with(run: TrackedRun, variable: str) -> str | None:
    """Return one of MLflow's variables as it was when the run was started; None where it was not set.

    What is sent later, from another shell, belongs where the run's first command was told to send it.
    """
    known = run.environment.get(MLFLOW)
    found = known.get(variable) if isinstance(known, dict) else os.environ.get(variable)
    return str(found) if found else None


def given_run(client: MlflowClient, run: TrackedRun) -> Run | None:
    """Return the run that MLFLOW_RUN_ID names, if there is one in the store.

    It is believed where the variable of this process and what the run was started with agree: a stranger's
    `environment.json` names no run of the store, and a run that is sent later takes nobody else's.
    """
    run_id = os.environ.get(RUN_ID)
    return active_run(client, run_id) if run_id and run_id == started_with(run, RUN_ID) else None


def active_run(client: MlflowClient, run_id: str) -> Run | None:
    """Return a run of the store; None when it has none of that id any more."""
    try:
        found = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        _log.warning("the store has no run %s", run_id)
        return None
    if found.info.lifecycle_stage == "active":
        return found
    _log.warning("the run %s was deleted in MLflow", run_id)
    return None


def is_taken_by(client: MlflowClient, given: Run, run: TrackedRun) -> bool:
    """Take the run for `run` unless another has it; return whether it is ours, now or already."""
    taken_by = given.data.tags.get(RUN_TAG)
    if taken_by is None:
        try:
            client.log_param(given.info.run_id, RUN_TAG, run.run_id)
        except MlflowException as error:
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            return False
        client.update_run(given.info.run_id, name=run.run_id)
        client.set_tag(given.info.run_id, RUN_TAG, run.run_id)
    return taken_by in (None, run.run_id)


def guard_end(client: MlflowClient, run_id: str, write: Callable[[], None], wait: Callable[[float], bool]) -> bool:
    """Have the end of a killed run written again when `mlflow run`, which made it, has written over it.

    That knows its command's exit code alone: to it, a run that was interrupted or killed has failed. Does nothing for
    a run that no variable of this process names. `wait`, and what is returned, are as of `GuardingSink.guard`.
    """
    until = time.monotonic() + GUARDED_S
    while os.environ.get(RUN_ID) == run_id and time.monotonic() < until:
        if wait(_POLL_S):
            return False
        if client.get_run(run_id).info.status != KILLED:
            write()
            break
    return True


def join_family(client: MlflowClient, run: TrackedRun, found: Run) -> None:
    """Make `found` a child of the run of the pipeline or sweep that its folder lies in, named by its step.

    Nobody else names it: with a name MLflow writes the status anew that it has just read, which may be over by then.
    What the parent's `tracking.json` remembers is believed of a run that bears its tag; one that comes to the store
    later takes its children then.
    """
    parent = parent_of(RunFolder(run.folder))
    if parent is None:
        return
    name = name_of_part(parent.journal, run.folder)
    if name is not None and found.info.run_name == run.run_id:
        client.update_run(found.info.run_id, name=f"{name} {run.run_id}")
    if PARENT_TAG in found.data.tags:
        return
    try:
        address = mlflow_address(parent)
    except StorageError:  # damaged: the child goes without
        return
    there = active_run(client, address["run_id"]) if address is not None else None
    if there is not None and there.data.tags.get(RUN_TAG) == parent.run_id:
        client.set_tag(found.info.run_id, PARENT_TAG, there.info.run_id)
