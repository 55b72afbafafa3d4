"""Training a new run, or going on with the one that was left unfinished."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from accelerator.config.project import Project, find_project
from accelerator.experiment.late import late
from accelerator.experiment.named_run import has_checkpoint
from accelerator.experiment.outcome import Outcome, Say, say_nothing
from accelerator.experiment.sound_config import sound_config, sound_config_of_run, sound_saved_config
from accelerator.redaction import redact_text
from accelerator.runs.links import refuse_links
from accelerator.runs.listing import list_runs
from accelerator.runs.overrides import read_overrides
from accelerator.runs.run import Run
from accelerator.runs.summary import COMPLETED, DIED, FAILED, INTERRUPTED, Summary


def run(*overrides: str, components: Iterable[Any] = (), project: Path | str | None = None) -> Summary:
    """Compose a config, train, test, and return the summary; for Python, also in a notebook.

    It prints nothing of its own, and does not wait for the tracker: the forwarder goes on by itself.

    Args:
        overrides: as on the command line (`experiment=digits_resnet`, `train.epochs=2`).
        components: objects marked with `@component`, for names of this session.
        project: the project's root; by default that of the working folder.

    Raises:
        ConfigError: the config has problems, all of which are told; nothing was started.
        RunFailedError: the run could not go on.
    """
    marked = tuple(components)
    root = find_project() if project is None else Project(Path(project).expanduser().resolve())
    summary: Summary = late("run_new")(sound_config(overrides, root, marked), marked)
    return summary


def train(
    overrides: Sequence[str] = (),
    *,
    project: Project | None = None,
    resume: Literal["auto"] | None = None,
    saved: str | None = None,
    say: Say = say_nothing,
) -> Outcome:
    """Train, test, and wait a bounded time for the tracker.

    With `resume="auto"` the newest run of the same name is gone on with when it was left unfinished; without one, a
    new run begins. With `saved`, the folder of a run or of a sweep's job, the config in it is trained anew: the
    present configs do not count. What fails after the run folder is there is told by the outcome, not raised.

    Raises:
        InputError: the config has problems; nothing was started.
    """
    project = project or find_project()
    if saved is None:
        config = sound_config(overrides, project)
    else:
        config = sound_saved_config(Path(saved).expanduser(), overrides, project)
    if resume == "auto":
        unfinished = find_unfinished(project.absolute(str(config.paths.output)), str(config.name))
        if unfinished is not None:
            refuse_links(unfinished.folder)
            say(f"Resuming {unfinished.folder.path}, which {_ending(unfinished)}")
            config = sound_config_of_run(unfinished, _new_overrides(overrides, unfinished), project)
            resumed: Outcome = late("train_on")(config, unfinished, say)
            return resumed
        say(f"No run of the name '{config.name}' was left unfinished: starting a new one")
    outcome: Outcome = late("train_new")(config, say)
    return outcome


def find_unfinished(output: Path, name: str) -> Run | None:
    """Return the newest run of a name that can be gone on with: one that died, was interrupted or failed.

    A run that failed before its first checkpoint would fail again, and one that is older than a completed run was made
    up for by that one: neither is taken. Runs that only evaluate, and those that are running, are passed over.
    """
    for found in reversed(list_runs(output / name)):
        if found.folder.path.parent != output / name:
            continue
        has_saved = has_checkpoint(found)
        if not has_saved and found.parent is not None:
            continue
        if found.status == COMPLETED:
            return None
        if found.status == DIED or (has_saved and found.status in (FAILED, INTERRUPTED)):
            return found
    return None


def _ending(run: Run) -> str:
    summary = run.summary
    words = {DIED: "died", FAILED: "failed", INTERRUPTED: "was interrupted"}
    return f"{words[summary.status]} after step {summary.step}"


def _new_overrides(overrides: Sequence[str], run: Run) -> list[str]:
    """Return the overrides that the run does not have already: its config holds what the others set."""
    known = read_overrides(run.folder)
    return [item for item in overrides if redact_text(item) not in known]
