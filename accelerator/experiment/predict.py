"""Writing what a trained run predicts for each sample of a split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from accelerator.config.project import Project, find_project
from accelerator.errors import InputError
from accelerator.experiment.late import late
from accelerator.experiment.named_run import trained_run
from accelerator.experiment.outcome import Outcome, Say, say_nothing
from accelerator.experiment.sound_config import sound_config_of_run

_OTHER_FORMATS = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".html", ".xlsx", ".arrow", ".feather", ".npy", ".npz"}


def predict(
    reference: str,
    overrides: Sequence[str] = (),
    *,
    output: str | Path,
    split: Literal["validation", "test"] = "test",
    checkpoint: Literal["last", "best"] | None = None,
    project: Project | None = None,
    say: Say = say_nothing,
) -> Outcome:
    """Write the predictions of a run's checkpoint as Parquet, one row a sample, in the data's order.

    The columns are `index`, what the task's `prediction_step` gives (classification: `prediction`, `probabilities`),
    and `target` where the data has one. It is a run of its own, which names the run as its parent.

    Args:
        reference: a RUN.
        overrides: on top of the run's own config (`data=…`, `engine.device=cpu`).
        output: the file; a relative path counts from the working folder.
        split: what to predict for.
        checkpoint: which of the run's; None: what its `checkpoint.use` says.
        project: the project; by default that of the working folder.
        say: takes lines for the user before and after.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: the run has no checkpoint, the data has no such split, the config has problems, or the file is
            there already or named as if it were something other than Parquet.
        CheckpointError: the checkpoint is damaged.
        StorageError: the file cannot be written.
    """
    target = Path(output).expanduser().absolute()
    if target.suffix.lower() in _OTHER_FORMATS:
        raise InputError(
            f"--output {output}: predictions are written as Parquet. Name a file such as "
            f"{target.with_suffix('.parquet').name}."
        )
    project = project or find_project()
    run = trained_run(reference, project)
    config = sound_config_of_run(run, overrides, project)
    outcome: Outcome = late("predict_checkpoint", "restored")(
        config, run, target, split, checkpoint or config.checkpoint.use, say
    )
    return outcome
