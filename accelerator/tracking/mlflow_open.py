"""The run that ours is in MLflow: found again, taken over or created, with its experiment and the store.

Imports MLflow (2 s, 150 MB): `mlflow_sink` imports it late, after MLflow's environment is set.
"""

import getpass
import logging
import os
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from accelerator.runs.environment import EXPERIMENT_ID, EXPERIMENT_NAME
from accelerator.tracking.mlflow_adoption import (
    PARENT_TAG,
    active_run,
    given_run,
    is_taken_by,
    join_family,
    started_with,
)
from accelerator.tracking.mlflow_names import LONGEST_TAG, RUN_TAG, mlflow_key, quoted
from accelerator.tracking.mlflow_store import sqlite_uri
from accelerator.tracking.sink import SinkError, TrackedRun

_log = logging.getLogger(__name__)


def open_run(client: MlflowClient, run: TrackedRun, experiment: str, artifacts: Path | None) -> tuple[Run, str]:
    """Return the MLflow run of `run`, found, taken over or created, marked as running; and its experiment's name.

    Raises:
        SinkError: the experiment was deleted.
    """
    found = find_run(client, run) or _first_run(client, run, experiment, artifacts)
    if found.info.status != "RUNNING":
        client.update_run(found.info.run_id, status="RUNNING")
    join_family(client, run, found)
    return found, str(client.get_experiment(found.info.experiment_id).name)


def find_run(client: MlflowClient, run: TrackedRun) -> Run | None:
    """Return the MLflow run that was written before, if the store has it.

    What `tracking.json` remembers is believed of a run that bears this run's tag: the file may come from a stranger,
    and would let the journal be written into any other run of the store.
    """
    remembered = run.target.get("run_id")
    found = active_run(client, remembered) if remembered else None
    if found is not None and found.data.tags.get(RUN_TAG) != run.run_id:
        _log.warning("the run %s was not made for %s: it is left alone", remembered, run.run_id)
        return None
    return found


def _first_run(client: MlflowClient, run: TrackedRun, experiment: str, artifacts: Path | None) -> Run:
    given = given_run(client, run)
    if given is not None and is_taken_by(client, given, run):
        return given
    tags = {RUN_TAG: run.run_id, **_source_tags(run)}
    if given is None:
        experiment_id = ensure_experiment(client, run, experiment, artifacts)
    else:
        experiment_id = str(given.info.experiment_id)
        tags[PARENT_TAG] = given.info.run_id
    return run_tagged(client, run.run_id, [experiment_id]) or client.create_run(
        experiment_id, start_time=int(run.start_time * 1000), tags=tags, run_name=run.run_id
    )


def run_tagged(client: MlflowClient, key: str, experiment_ids: list[str]) -> Run | None:
    """Return the run of these experiments that bears our tag with the value `key`."""
    found = client.search_runs(experiment_ids, f"tags.`{RUN_TAG}` = {quoted(key)}", max_results=1)
    return found[0] if found else None


def ensure_experiment(client: MlflowClient, run: TrackedRun, name: str, artifacts: Path | None) -> str:
    """Return the experiment's id; MLFLOW_EXPERIMENT_NAME and _ID come before `name`."""
    given_name, given_id = started_with(run, EXPERIMENT_NAME), started_with(run, EXPERIMENT_ID)
    name = given_name or name
    if given_id and not given_name and (given_id == os.environ.get(EXPERIMENT_ID) or _has(client, given_id)):
        return str(client.get_experiment(given_id).experiment_id)
    found = client.get_experiment_by_name(name)
    if found is None:
        place = artifacts / mlflow_key(name).replace("/", "_") if artifacts else None
        try:
            return str(client.create_experiment(name, place.as_uri() if place else None))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)  # created by another run in this moment
    if found is None or found.lifecycle_stage != "active":
        raise SinkError(
            f"The MLflow experiment '{name}' was deleted. Restore it (`mlflow experiments restore`), or choose another "
            f"with tracking.experiment=NAME."
        )
    return str(found.experiment_id)


def _has(client: MlflowClient, experiment_id: str) -> bool:
    """Tell whether this store has an experiment: a run may be sent to another one than it was started for."""
    try:
        client.get_experiment(experiment_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return True


def _source_tags(run: TrackedRun) -> dict[str, str]:
    environment = run.environment
    tags = {"mlflow.source.name": str(environment.get("command", "accelerator")), "mlflow.source.type": "LOCAL"}
    git = environment.get("git")
    if isinstance(git, dict) and git.get("commit"):
        tags["mlflow.source.git.commit"] = str(git["commit"])
    tags["mlflow.user"] = _user()
    return {name: _shorten(value) for name, value in tags.items()}


def _shorten(value: str) -> str:
    return value if len(value) <= LONGEST_TAG else f"{value[: LONGEST_TAG - 1]}…"


def create_store(path: Path) -> None:
    """Make a SQLite store at `path`, as MLflow does when it is first asked for anything.

    Its experiment `Default` keeps files where MLflow wants them; each of ours has a place of its own from its start.
    """
    MlflowClient(sqlite_uri(path)).search_experiments(max_results=1)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user that has no name
        return str(os.getuid())
