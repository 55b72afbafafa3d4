"""Trying a config without a run: everything built, and one real step."""

from collections.abc import Sequence
from pathlib import Path

from accelerator.config.project import Project, find_project
from accelerator.experiment.late import late
from accelerator.experiment.sound_config import sound_config, sound_saved_config


def dry_run(overrides: Sequence[str] = (), *, project: Project | None = None, saved: str | None = None) -> str:
    """Compose, check and build, take one real optimizer step, and say so in one line. Nothing is written.

    With `saved`, the folder of a run, the config in it is tried, not the present ones.

    Raises:
        InputError: the config has problems.
        NonFiniteError: the first loss is NaN or infinite.
    """
    project = project or find_project()
    if saved is None:
        config = sound_config(overrides, project)
    else:
        config = sound_saved_config(Path(saved).expanduser(), overrides, project)
    done = late("rehearse_new")(config)
    return (
        f"Dry run: composed, checked and built; one step on {done.num_samples} real samples, forward, backward and "
        f"optimizer, saved and loaded, in {done.seconds:.2f} s: loss {done.loss:.5g}. Nothing was written."
    )
