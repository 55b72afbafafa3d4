"""Going on with a run, in its own folder or as a fork of it."""

import shlex
from collections.abc import Sequence
from typing import Any

from accelerator.config.project import Project, find_project
from accelerator.config.read import read_section
from accelerator.config.schema import TrainConfig
from accelerator.errors import InputError
from accelerator.experiment.late import late
from accelerator.experiment.named_run import is_evaluation, named_training
from accelerator.experiment.outcome import Outcome, Say, say_nothing
from accelerator.experiment.sound_config import sound_config_of_run
from accelerator.runs.delivery import delivery
from accelerator.runs.run import Run
from accelerator.runs.summary import COMPLETED, Summary, read_summary
from accelerator.tracking.where_to_look import open_command


def resume(
    reference: str,
    overrides: Sequence[str] = (),
    *,
    fork: bool = False,
    project: Project | None = None,
    say: Say = say_nothing,
) -> Outcome:
    """Go on from the newest sound checkpoint of a run, built from the run's own config with overrides on top.

    With `fork` a new run folder is made, which names the run as its parent; the run itself stays as it is. A completed
    run that the overrides do not make longer is left alone, and said to be so.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        RunLockedError: the run is running, and is not to be forked.
        InputError: the run was no training, or its config has problems.
        CheckpointError: the run has checkpoints, and none of them is sound.
    """
    project = project or find_project()
    run = named_training(reference, project)
    if is_evaluation(run):
        raise InputError(
            f"{run.folder.path} trained nothing: it evaluated {run.parent}. "
            f"Resume that one: accelerator experiment resume {shlex.quote(str(run.parent))}"
        )
    config = sound_config_of_run(run, overrides, project)
    if fork:
        forked: Outcome = late("train_fork")(config, run, say)
        return forked
    summary = run.summary
    if summary.status == COMPLETED and (not overrides or _is_over(summary, config)):
        say(_nothing_to_do(run, summary, config))
        look = open_command(run.folder, project)
        return Outcome(run.folder, read_summary(run.folder), delivery(run.folder), look)
    outcome: Outcome = late("train_on")(config, run, say)
    return outcome


def _is_over(summary: Summary, config: Any) -> bool:
    """Tell whether the run stands at an end that its config sets."""
    limits = read_section(TrainConfig, config.train, "train")
    longest = None if limits.max_time is None else float(limits.max_time.value)
    ends = ((limits.steps, summary.step), (limits.epochs, summary.epoch), (longest, summary.seconds))
    return any(end is not None and value >= end for end, value in ends)


def _nothing_to_do(run: Run, summary: Summary, config: Any) -> str:
    longer = f"train.steps={2 * summary.step}" if config.train.steps else f"train.epochs={2 * max(summary.epoch, 1)}"
    return (
        f"There is nothing to do: the run is complete, with {summary.step} steps in {summary.epoch} epochs. To make it "
        f"longer: accelerator experiment resume {shlex.quote(str(run.folder.path))} {longer}"
    )
