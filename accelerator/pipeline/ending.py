"""From a pipeline's end to the command's: the wait for the tracker, bounded, and the exit code."""

from collections.abc import Sequence
from dataclasses import dataclass

from accelerator.config.project import Project
from accelerator.errors import EXIT_FAILED
from accelerator.experiment.ending import await_delivery
from accelerator.pipeline.state import COMPLETED, FAILED, RAN, PipelineState
from accelerator.runs.delivery import Delivery
from accelerator.runs.family import has_run, run_of_folder
from accelerator.runs.listing import list_runs
from accelerator.tracking.where_to_look import open_command_of_own


@dataclass(frozen=True)
class PipelineOutcome:
    """What is to be told when a pipeline has ended."""

    state: PipelineState
    exit_code: int
    resume_command: str | None
    """What goes on with it; None when all is done."""
    delivery: Delivery | None = None
    """How much of it the tracker has; None where nothing was waited for."""
    open_command: str | None = None
    """What shows it in the tracker; None when nothing does."""


def conclude(ended: PipelineState, signals: Sequence[int], command: str, project: Project) -> PipelineOutcome:
    """Wait for the tracker and say how the pipeline ended.

    It has the runs of the steps, which have not waited, and then that of the whole. Where no step has done anything, or
    a signal ended it, nothing is waited for: what is left goes its way by itself.
    """
    run = run_of_folder(ended.folder)
    has_worked = any(step.state in (RAN, FAILED) for step in ended.steps)
    told = None
    if has_worked and not signals:
        told = await_delivery([*(item.folder for item in list_runs(ended.folder)), run])
    code = 0 if ended.status == COMPLETED else EXIT_FAILED
    return PipelineOutcome(
        ended,
        exit_code=128 + signals[0] if signals else code,
        resume_command=None if code == 0 and not signals else command,
        delivery=told,
        open_command=open_command_of_own(run, project) if has_run(ended.folder) else None,
    )
