"""The sweep as a run of its own in MLflow, which the runs of its jobs are children of.

It is carried before the first job is frozen: the children name their parent by the id that MLflow gave it.
"""

import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.config.compose import ComposedConfig
from accelerator.config.project import Project
from accelerator.config.saved import saved_yaml
from accelerator.experiment.group_run import append_records, open_group_run, points, tags
from accelerator.experiment.outcome import Say
from accelerator.experiment.sweep_folder import Job, SweepFolder
from accelerator.redaction import redact_text
from accelerator.runs.delivery import mlflow_address
from accelerator.runs.family import run_of_folder
from accelerator.runs.journal import ARTIFACT
from accelerator.runs.lock import RunLock
from accelerator.runs.summary import INTERRUPTED, Summary, write_summary
from accelerator.tracking.addresses import addresses_in
from accelerator.tracking.sync import sync

_AFTER_SIGNAL_S = 6.0
_PATIENCE_S = 30.0
_FIRST_S = 120.0  # a store that is made anew takes 8 s on an idle machine; one out of reach is told within some 10
_RESULTS = ("results.csv", "sweep.png")


def open_parent(
    folder: SweepFolder, config: ComposedConfig, overrides: Sequence[str], project: Project, say: Say
) -> str | None:
    """Make the sweep's run and carry it; return its id in MLflow, None when it is not tracked there or out of reach."""
    if config.tracking is None:
        return None
    run = run_of_folder(folder.path)
    with open_group_run(run, saved_yaml(config), project):
        typed = shlex.join(map(redact_text, overrides))
        append_records(run, tags({"accelerator.sweep": str(folder.path), "overrides": typed}))
        delivered = sync(run, project.root, _FIRST_S, named=addresses_in(overrides))
    address = mlflow_address(run)
    if address is None and (delivered.error or delivered.unsent):
        reason = delivered.error.splitlines()[0] if delivered.error else f"no answer in {_FIRST_S:.0f} s"
        say(f"The tracker is out of reach ({reason}): the runs of the jobs will have no parent there")
    return None if address is None else address["run_id"]


def close_parent(
    folder: SweepFolder,
    jobs: Sequence[Job],
    content: Mapping[str, Any],
    status: str,
    project: Project,
    overrides: Sequence[str] = (),
) -> None:
    """Give the sweep's run its end: the best value, how many jobs ended how, the table and the picture."""
    run = run_of_folder(folder.path)
    if not run.config.exists():
        return
    counts = {f"jobs/{state}": float(sum(job.state == state for job in jobs)) for state in {job.state for job in jobs}}
    values = [job.value for job in jobs if job.value is not None]
    best = {content["monitor"]: (min if content["mode"] == "min" else max)(values)} if values else {}
    metrics = {**counts, **best}
    records = points(metrics)
    with RunLock.acquire(run.lock):
        for name in _RESULTS:
            if (folder.path / name).exists():
                shutil.copyfile(folder.path / name, run.path / name)
                records.append({"kind": ARTIFACT, "name": name, "path": name, "time": time.time()})
        append_records(run, records)
        write_summary(run, Summary(status=status, metrics=metrics))
    patience = _AFTER_SIGNAL_S if status == INTERRUPTED else _PATIENCE_S
    sync(run, project.root, patience, named=addresses_in(overrides))
