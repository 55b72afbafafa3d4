"""What is printed of a pipeline: its plan, each step as it changes, its end, how all stand."""

import shlex
from collections.abc import Sequence
from typing import Any

from accelerator.cli.outcome import print_tracking
from accelerator.cli.terminal import print_error, print_line, print_table

_PLAN = ("step", "what", "why")
_STEPS = ("step", "state", "seconds", "reason", "run")


def print_plan(planned: Any) -> int:
    """Print what would be done with each step; return the exit code."""
    print_table(_PLAN, [(item.name, item.action, item.reason) for item in planned.decisions])
    return 0


def print_step(_state: Any, step: Any) -> None:
    """Print a step that has changed."""
    if step.state == "running" and step.folder is not None:
        print_line(f"{step.name}: runs, {step.reason}. What it prints: {step.folder}/output.txt")
    elif step.state == "running":
        print_line(f"{step.name}: {step.reason}")
    elif step.state == "ran":
        print_line(f"{step.name}: done in {step.seconds:.1f} s")
    elif step.state == "skipped":
        print_line(f"{step.name}: skipped, {step.reason} since {step.skipped_from}")
    elif step.state in ("failed", "interrupted"):
        print_line(f"{step.name}: {step.state}, {step.reason}")


def print_ended(outcome: Any) -> int:
    """Print how the steps stand and what to do next, the pipeline's folder last; return the exit code."""
    state = outcome.state
    print_table(_STEPS, _rows(state))
    if outcome.resume_command is not None:
        failed = [item for item in state.steps if item.state == "failed"]
        for item in failed:
            where = f" What it printed: {item.folder}/output.txt" if item.folder else ""
            print_error(f"Step {item.name} failed: {item.reason.rstrip('.')}.{where}")
        print_error(f"To go on: {outcome.resume_command}")
    print_tracking(outcome.delivery, outcome.open_command, state.folder)
    print_line(str(state.folder))
    return int(outcome.exit_code)


def print_notes(found: Any) -> None:
    """Print which pipelines cannot be read, and why, to stderr."""
    for note in found.notes:
        print_error(note)


def print_status(found: Any, flag: Sequence[str]) -> int:
    """Print each pipeline with its steps, and the commands to go on with the flag that names the project."""
    print_notes(found)
    if not found.pipelines and not found.notes:
        print_line("No pipeline has run here yet. To run one: accelerator pipeline run NAME")
    for state in found.pipelines:
        print_line(f"{state.name}: {state.status}, started {state.started}, {state.folder}")
        print_table(_STEPS, _rows(state))
        if state.status != "running":
            print_line(f"The page: {state.folder / 'report.html'}")
        if state.status not in ("completed", "running"):
            named = [] if "--project" in state.command.split() else flag
            print_line(f"To go on: {' '.join([state.command, *map(shlex.quote, named)])}")
    return 0


def print_clean(cleaned: Any) -> int:
    """Print what was removed, or would be; return the exit code."""
    for path, why in cleaned.removed:
        print_line(f"{path}: {why}")
    files = f"{len(cleaned.removed)} file{'s' if len(cleaned.removed) > 1 else ''}"
    if not cleaned.removed:
        print_line("There is nothing to clean.")
    elif cleaned.is_dry_run:
        print_line(f"To be removed without --dry_run: {files}. Runs and outputs stay.")
    else:
        print_line(f"Removed {files}. Runs and outputs stay.")
    return 0


def _rows(state: Any) -> list[tuple[str, ...]]:
    return [
        (
            item.name,
            item.state,
            "" if item.seconds is None else f"{item.seconds:.1f}",
            item.reason,
            item.run_folder or item.folder or "",
        )
        for item in state.steps
    ]
