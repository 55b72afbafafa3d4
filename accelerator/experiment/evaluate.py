"""Measuring a trained run on a split, as a run of its own."""

from collections.abc import Sequence
from typing import Literal

from accelerator.config.project import Project, find_project
from accelerator.experiment.late import late
from accelerator.experiment.named_run import trained_run
from accelerator.experiment.outcome import Outcome, Say, say_nothing
from accelerator.experiment.sound_config import sound_config_of_run


def evaluate(
    reference: str,
    overrides: Sequence[str] = (),
    *,
    split: Literal["validation", "test"] = "test",
    checkpoint: Literal["last", "best"] | None = None,
    project: Project | None = None,
    say: Say = say_nothing,
) -> Outcome:
    """Evaluate a run's checkpoint on a split; the evaluation has a run folder that names the run as its parent.

    Args:
        reference: a RUN.
        overrides: on top of the run's own config (`data=…`, `engine.device=cpu`).
        split: what to evaluate on.
        checkpoint: which of the run's; None: what its `checkpoint.use` says.
        project: the project; by default that of the working folder.
        say: takes lines for the user before the evaluation begins.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: the run has no checkpoint, the data has no such split, or the config has problems.
        CheckpointError: the checkpoint is damaged.
    """
    project = project or find_project()
    run = trained_run(reference, project)
    config = sound_config_of_run(run, overrides, project)
    outcome: Outcome = late("evaluate_checkpoint", "restored")(
        config, run, split, checkpoint or config.checkpoint.use, say
    )
    return outcome
