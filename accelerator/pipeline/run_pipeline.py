"""Running a pipeline by name: what the command line and Python call."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from accelerator.config.pipeline_config import PipelineConfig
from accelerator.config.project import Project
from accelerator.experiment.outcome import Say, say_nothing
from accelerator.launch.signals import signals_to
from accelerator.pipeline.board import Board, Watch, now
from accelerator.pipeline.content_hash import hash_of_value
from accelerator.pipeline.ending import PipelineOutcome, conclude
from accelerator.pipeline.pipeline_folder import open_folder
from accelerator.pipeline.plan_pipeline import ALL_STEPS, Planned, plan_pipeline
from accelerator.pipeline.prepare import PreparedStep
from accelerator.pipeline.processes import Processes
from accelerator.pipeline.runner import Runner
from accelerator.pipeline.selection import Selection
from accelerator.pipeline.state import RAN, RUNNING, PipelineState, StepState
from accelerator.pipeline.step_part import as_done
from accelerator.pipeline.step_run import StepRunner
from accelerator.pipeline.tracked import carry_what_was_left, tracked
from accelerator.pipeline.write_page import write_page
from accelerator.redaction import redact_text


def run_pipeline(
    name: str | None,
    overrides: Sequence[str] = (),
    *,
    selection: Selection = ALL_STEPS,
    project: Project,
    say: Say = say_nothing,
    watch: Watch | None = None,
) -> PipelineOutcome:
    """Run what has changed, and go on with what was left unfinished; what is done is not done again.

    Raises:
        InputError: as `plan_pipeline`; nothing was started.
        StorageError: the pipeline's folder cannot be written.
    """
    planned = plan_pipeline(name, overrides, selection=selection, project=project, say=say)
    planner, pipeline = planned.planner, planned.pipeline
    definition = _definition(pipeline, planner.steps)
    folder, lock, before = open_folder(planned.output, pipeline.name, definition, say)
    command = _command(pipeline, selection, project)
    carry_what_was_left(planned.output, pipeline.name, project)
    steps = f"{len(planner.steps)} step{'s' if len(planner.steps) > 1 else ''}"
    say(f"Pipeline {pipeline.name} of {steps} in {folder}")
    with lock:
        if before is not None:
            say("Going on with what was left unfinished there")
            if before.command == command:
                planner.selection = selection.without_forced(_ran(before))
        state = replace(_waiting_pipeline(planned), command=command, definition=definition, folder=folder)
        planner.known.clear()
        processes = Processes(_experiment(planned))
        ended = _run(
            planned, state, StepRunner(pipeline.name, project, planned.trust, planner.cache, processes), watch, say
        )
    return conclude(ended, processes.signals, command, project)


def _run(planned: Planned, state: PipelineState, steps: StepRunner, watch: Watch | None, say: Say) -> PipelineState:
    """Run the steps, told as they change to who watches and to the pipeline's run in the tracker."""
    with tracked(planned, state, steps.project, say) as runs:
        watches = [*(run.tell for run in runs), *([watch] if watch is not None else [])]
        runner = Runner(planned.planner, steps, Board(state, watches), state.folder, planned.pipeline.parallel)
        with signals_to(steps.processes.stop):
            ended = runner.run()
        say(_page(ended))
        for run in runs:
            run.end(ended)
    return ended


def _experiment(planned: Planned) -> str | None:
    """Return the experiment in MLflow that the runs of all steps belong to, with that of the pipeline."""
    if planned.tracking is None:
        return None
    named = planned.tracking.get("experiment") or planned.pipeline.name
    return named if isinstance(named, str) and "${" not in named else None


def _page(ended: PipelineState) -> str:
    """Write the page; what hinders that is told, and leaves the pipeline as it ended."""
    try:
        return f"The page: {write_page(ended)}"
    except Exception as error:  # made anew by the next command; what the steps gave is recorded, and sound
        return f"There is no page of the pipeline: {redact_text(f'{type(error).__name__}: {error}')}"


def _waiting_pipeline(planned: Planned) -> PipelineState:
    steps = tuple(map(_waiting, planned.planner.steps))
    return PipelineState(planned.pipeline.name, RUNNING, now(), overrides=planned.pipeline.overrides, steps=steps)


def _waiting(step: PreparedStep) -> StepState:
    kind = "experiment" if step.config.experiment is not None else "step"
    return StepState(step.name, kind, step.config.uses, needs=step.config.needs)


def _definition(pipeline: PipelineConfig, steps: Sequence[PreparedStep]) -> str:
    """Return a hash of what was asked for: the steps with their overrides, as the config and the command have them."""
    return hash_of_value([pipeline.name, [[repr(replace(step.config, retries=0))] for step in steps]])


def _ran(state: PipelineState) -> set[str]:
    """Return the steps that a pipeline ran itself."""
    return {step.name for step in state.steps if as_done(state, step).state == RAN}


def _command(pipeline: PipelineConfig, selection: Selection, project: Project) -> str:
    words = ["accelerator", "pipeline", "run", pipeline.file.name, *pipeline.overrides, *selection.flags, *project.flag]
    return shlex.join(words)
