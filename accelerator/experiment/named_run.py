"""Where the runs of a project lie, and which of them a RUN means."""

from pathlib import Path

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.runs.listing import find_run
from accelerator.runs.run import Run, is_run_folder


def output_root(project: Project) -> Path:
    """Return `paths.output` of the project's own configs, absolute.

    Raises:
        ConfigError: the project's `main` does not compose.
    """
    return project.absolute(str(compose((), project=project).paths.output))


def named_run(reference: str, project: Project) -> Run:
    """Return the run that a RUN means: a path, or a name looked up among the runs of the project.

    A path needs no config, so that a run can be reached also when the project's configs are broken.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
    """
    path = Path(reference).expanduser()
    if is_run_folder(path):
        return Run(path)
    return find_run(reference, output_root(project))


def trained_run(reference: str, project: Project) -> Run:
    """Return the run that a RUN means, which has a checkpoint.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: the run has no checkpoint; says whose it uses.
        ConfigError: as `named_run`.
    """
    run = named_run(reference, project)
    if not has_checkpoint(run):
        parent = run.parent
        hint = "Name a run that has trained for longer" if parent is None else f"It evaluated {parent}: name that one"
        raise InputError(f"{run.folder.path} has no checkpoint. {hint}; `accelerator experiment list` shows all.")
    return run


def has_checkpoint(run: Run) -> bool:
    """Tell whether a run has saved a checkpoint, sound or not."""
    return any(not path.suffix for path in run.folder.checkpoints.glob("step-*"))
