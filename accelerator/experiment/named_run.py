"""Where the runs of a project lie, and which of them a RUN means."""

from collections.abc import Sequence
from pathlib import Path

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.runs.checkpoints import list_checkpoints
from accelerator.runs.links import refuse_links
from accelerator.runs.listing import LAST, find_run, list_runs
from accelerator.runs.run import Run, is_run_folder


def output_root(project: Project, overrides: Sequence[str] = ()) -> Path:
    """Return `paths.output` of the project's own configs, absolute; with overrides on top.

    Raises:
        ConfigError: the project's `main` does not compose.
    """
    return project.absolute(str(compose(overrides, project=project).paths.output))


def named_run(reference: str, project: Project) -> Run:
    """Return the run that a RUN means: a path, or a name looked up among the runs of the project.

    A path needs no config, so that a run can be reached also when the project's configs are broken.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: a part of its folder is a link.
        ConfigError: the project's `main` does not compose, so that its output root is not known.
    """
    path = Path(reference).expanduser()
    run = Run(path) if is_run_folder(path) else find_run(reference, output_root(project))
    refuse_links(run.folder)
    return run


def named_training(reference: str, project: Project) -> Run:
    """Return the run that a RUN means to a command that needs a training: `last` passes over evaluations and analyses.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: a part of its folder is a link.
        ConfigError: as `named_run`.
    """
    if reference == LAST and not is_run_folder(Path(LAST)):
        runs = reversed(list_runs(output_root(project)))
        training = next((run for run in runs if not (is_evaluation(run) or _is_analysis(run))), None)
        if training is not None:
            refuse_links(training.folder)
            return training
    return named_run(reference, project)


def trained_run(reference: str, project: Project) -> Run:
    """Return the run that a RUN means, which has a checkpoint.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: the run has no checkpoint; says whose it uses.
        ConfigError: as `named_run`.
    """
    run = named_training(reference, project)
    if not has_checkpoint(run):
        parent = run.parent
        hint = "Name a run that has trained for longer" if parent is None else f"It evaluated {parent}: name that one"
        raise InputError(f"{run.folder.path} has no checkpoint. {hint}; `accelerator experiment list` shows all.")
    return run


def is_evaluation(run: Run) -> bool:
    """Tell whether a run only measured another; a fork has the checkpoint that it goes on from."""
    return run.parent is not None and not has_checkpoint(run)


def _is_analysis(run: Run) -> bool:
    return (run.folder.path / "analysis").is_dir() and not has_checkpoint(run)


def has_checkpoint(run: Run) -> bool:
    """Tell whether a run has saved a checkpoint, sound or not."""
    return bool(list_checkpoints(run.folder.checkpoints))
