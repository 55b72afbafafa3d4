"""Trying a config without a run: everything built, and one real step."""

from collections.abc import Sequence

from accelerator.config.project import Project, find_project
from accelerator.experiment.late import late
from accelerator.experiment.sound_config import sound_config


def dry_run(overrides: Sequence[str] = (), *, project: Project | None = None) -> str:
    """Compose, check and build, take one real optimizer step, and say so in one line. Nothing is written.

    Raises:
        InputError: the config has problems.
        NonFiniteError: the first loss is NaN or infinite.
    """
    done = late("rehearse_new")(sound_config(overrides, project or find_project()))
    return (
        f"Dry run: composed, checked and built; one step on {done.num_samples} real samples, forward, backward and "
        f"optimizer, saved and loaded, in {done.seconds:.2f} s: loss {done.loss:.5g}. Nothing was written."
    )
