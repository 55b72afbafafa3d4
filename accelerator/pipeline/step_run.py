"""One step from its folder to its outputs: written down, run in a process, gone on with, tried again, collected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf, open_dict

from accelerator.config.compose import composition_of
from accelerator.config.launch_settings import LAUNCHER
from accelerator.config.project import Project
from accelerator.config.saved import flatten, saved_yaml
from accelerator.errors import EXIT_INPUT, InputError, RunFailedError, StorageError
from accelerator.experiment.ending import LEFT_TO_ANOTHER
from accelerator.experiment.sweep_trust import overrides_for_jobs
from accelerator.launch.launched_command import LaunchedCommand, command_through_launcher
from accelerator.pipeline.cache import StepCache, StepLock
from accelerator.pipeline.content_hash import is_run
from accelerator.pipeline.from_environment import FromEnvironment
from accelerator.pipeline.inputs import Inputs, path_of
from accelerator.pipeline.outputs import RUN, Output
from accelerator.pipeline.planner import Decision
from accelerator.pipeline.prepare import PreparedStep
from accelerator.pipeline.printed import last_line
from accelerator.pipeline.processes import Ended, Processes, command_of_ours
from accelerator.pipeline.state import outputs_from_json
from accelerator.pipeline.step_folder import StepFolder, encode_paths
from accelerator.pipeline.steps.outcomes import override
from accelerator.pipeline.trained_outputs import trained_outputs
from accelerator.redaction import redact_text
from accelerator.runs.files import make_folder, read_json, write_json, write_text
from accelerator.runs.run import Run
from accelerator.runs.summary import COMPLETED

_PROVENANCE, _OVERRIDES = "provenance.json", "overrides.yaml"


@dataclass(frozen=True)
class StepEnd:
    """How a step ended: `outputs` when it is done, else why not."""

    outputs: Mapping[str, Output] | None = None
    reason: str = ""
    is_interrupted: bool = False
    attempts: int = 0
    run_folder: str | None = None


@dataclass(frozen=True)
class StepRunner:
    """Runs steps of one pipeline."""

    pipeline: str
    project: Project
    trust: tuple[str, ...]
    """Whom the project's own configs trust: a component's node is built under it."""
    cache: StepCache
    processes: Processes

    def write_down(self, decision: Decision, folder: StepFolder) -> None:
        """Write what the step's process is to do; with `step.json`, which comes last, it is whole.

        Of a step that was begun only the config is written anew, and not when its run has one already.
        """
        step, inputs = decision.step, decision.inputs
        assert inputs is not None
        make_folder(folder.path)
        if step.composed is not None and folder.run() is None:
            _freeze(step, inputs, folder)
        if not folder.task.is_file():
            write_json(folder.task, self._task(decision, 0))

    def run(self, decision: Decision, folder: StepFolder, lock: StepLock) -> StepEnd:
        """Run a step that is written down to its end, as often as its retries allow.

        One whose process came to its end while nobody looked is not run again: what it gave is collected.
        """
        step, tries = decision.step, 0
        attempt = _attempts(folder)
        reason = ""
        while True:
            if self._is_done(step, folder):
                break
            attempt += 1
            tries += 1
            write_json(folder.task, self._task(decision, attempt))
            ended = self._run_process(decision, folder, lock)
            if self._is_done(step, folder):
                break
            reason = _why(step, folder, ended)
            if ended.is_interrupted:
                return StepEnd(None, reason, True, attempt, _run_folder(folder))
            if ended.code == EXIT_INPUT or tries > step.config.retries:
                return StepEnd(None, reason, False, attempt, _run_folder(folder))
        try:
            outputs = self._collect(decision, folder)
        except (RunFailedError, StorageError) as error:
            if decision.fingerprint is not None and isinstance(error, RunFailedError):
                self.cache.abandon(decision.fingerprint.hash)  # or the next command would collect it after all
            return StepEnd(None, str(error), False, attempt, _run_folder(folder))
        return StepEnd(outputs, "", False, attempt, _run_folder(folder) or _run_given(outputs))

    def _task(self, decision: Decision, attempt: int) -> dict[str, Any]:
        """Return what the step's process is to do, by the present configs: its folder may lie there since long ago."""
        step, inputs = decision.step, decision.inputs
        assert inputs is not None
        return {
            "format_version": 1,
            "name": step.name,
            "pipeline": self.pipeline,
            "project": str(self.project.root),
            "trust": list(self.trust),
            "node": step.config.node,
            "inputs": encode_paths(inputs.values),
            "hashes": inputs.hashes,
            "launch": dict(step.config.launch),
            "attempt": attempt,
        }

    def _command(self, decision: Decision, folder: StepFolder) -> list[str]:
        step, inputs = decision.step, decision.inputs
        if step.composed is None:
            ours = command_of_ours()
            return [*ours[:2], "accelerator.pipeline.run_step", str(folder.path)]
        found = folder.run()
        if found is None:
            what = ["train", "--config", str(folder.path)]
        else:
            assert inputs is not None
            what = ["resume", str(found.folder.path), *moved_inputs(inputs, found)]
        named = overrides_for_jobs(step.config.overrides)
        return command_of_ours("experiment", *what, *named, "--project", str(self.project.root))

    def _run_process(self, decision: Decision, folder: StepFolder, lock: StepLock) -> Ended:
        """Run a step's process. Here it leaves its runs to the end of the pipeline; elsewhere it waits for the tracker,
        as its forwarder may end with it."""
        step, root = decision.step, self.project.root
        own = self._command(decision, folder)
        command = self._launched(own, step, folder)
        told = {LEFT_TO_ANOTHER: str(folder.path)} if command is own else {}
        limit = step.config.time_limit_s
        return self.processes.run(command, root, folder.output, lock.descriptor, limit, told)

    def _launched(self, command: list[str], step: PreparedStep, folder: StepFolder) -> list[str]:
        """Return the command by way of the launcher that the step's `launch` names, if it does."""
        if LAUNCHER not in step.config.launch:
            return command
        place = LaunchedCommand(tuple(command), self.project.root, folder.output, folder.path / "launched")
        return command_through_launcher(place, step.config.launch, self.project.root)

    def _is_done(self, step: PreparedStep, folder: StepFolder) -> bool:
        if step.composed is None:
            return folder.outputs.is_file()
        found = folder.run()
        return found is not None and found.status == COMPLETED

    def _collect(self, decision: Decision, folder: StepFolder) -> dict[str, Output]:
        """Return what a step gave, with hashes.

        Raises:
            RunFailedError: a file that came in has changed meanwhile, or what it gave is gone or damaged.
            StorageError: a file cannot be read.
        """
        assert decision.inputs is not None and decision.fingerprint is not None
        self._refuse_changed(decision.inputs)
        if decision.step.composed is None:
            found = _given(folder)
        else:
            trained = folder.run()
            assert trained is not None
            found = {"folder": Output(RUN, str(trained.folder.path)), **trained_outputs(trained)}
        made_by = decision.fingerprint.hash
        hashes = self.cache.hashes
        return {
            name: replace(item, hash=hashes.of_output(item, made_by), checkpoints_hash=hashes.of_checkpoints(item))
            for name, item in found.items()
        }

    def _refuse_changed(self, inputs: Inputs) -> None:
        """Refuse a result that was made of something else than what was fingerprinted."""
        for source in inputs.sources:
            path = path_of(source, self.project)
            if path is None or (source.step is not None and is_run(path)):  # a run has its own guards
                continue
            if not path.exists() or self.cache.hashes.of_path(path) != source.hash:
                raise RunFailedError(
                    f"The input {source.key} changed while the step ran: {path}. What the step gave is not recorded. "
                    f"Let the file be until the step has ended, and give the same command again."
                )


def moved_inputs(inputs: Inputs, run: Run) -> list[str]:
    """Return as overrides the paths that a run does not know: a step before it has run again since it began."""
    known = flatten(run.config)
    paths = {key: str(value) for key, value in inputs.values.items() if isinstance(value, Path)}
    return [override(key, path) for key, path in paths.items() if known.get(key) != path]


def _freeze(step: PreparedStep, inputs: Inputs, folder: StepFolder) -> None:
    """Write the config of an experiment with its inputs in it, in the form of a run's."""
    config = step.composed
    assert config is not None
    composition = composition_of(config)
    assert composition is not None
    with open_dict(config):
        config.paths.output = str(folder.runs)
        for key, value in inputs.values.items():
            OmegaConf.update(config, key, _as_config(value, f"steps.{step.name}.inputs.{key}"), merge=False)
    write_text(folder.path / _PROVENANCE, composition.provenance.to_json())
    write_text(folder.path / _OVERRIDES, yaml.safe_dump([redact_text(item) for item in composition.overrides]))
    write_text(folder.config, saved_yaml(config))


def _as_config(value: Any, key: str) -> Any:
    """Return an input as a config holds it: a path is a text, and a text that was given is no interpolation."""
    if isinstance(value, Mapping):
        return {str(name): _as_config(item, f"{key}.{name}") for name, item in value.items()}
    if isinstance(value, list):
        return [_as_config(item, key) for item in value]
    if isinstance(value, str) and "${" in value:
        raise InputError(
            f"{key} = {redact_text(value)!r}: holds '${{', which a config would read as an interpolation. Have the "
            f"step that gives it write it to a file, and give its path."
        )
    return str(value) if isinstance(value, Path | FromEnvironment) else value


def _run_folder(folder: StepFolder) -> str | None:
    found = folder.run()
    return None if found is None else str(found.folder.path)


def _given(folder: StepFolder) -> dict[str, Output]:
    """Return what a registered step gave, all of it there."""
    anew = "What the step gave is not recorded. Give the same command again: the step runs anew"
    try:
        given = outputs_from_json(read_json(folder.outputs))
    except (AttributeError, TypeError) as error:
        raise RunFailedError(f"{folder.outputs} is damaged ({error}). {anew}.") from error
    gone = [f"{name}: {output.path}" for name, output in given.items() if output.path and not output.path.exists()]
    if gone:
        raise RunFailedError(f"An output is gone, {gone[0]}. {anew}.")
    return given


def _attempts(folder: StepFolder) -> int:
    """Return how often a step was begun; 0 where its file is damaged: it is written anew for each attempt."""
    try:
        written = read_json(folder.task)
    except StorageError:
        return 0
    attempts = written.get("attempt") if isinstance(written, dict) else None
    return attempts if isinstance(attempts, int) else 0


def _run_given(outputs: Mapping[str, Output]) -> str | None:
    """Return the run that a registered step made, if it gives one."""
    given = outputs.get("run")
    return str(given.value) if given is not None and given.type == RUN else None


def _why(step: PreparedStep, folder: StepFolder, ended: Ended) -> str:
    """Return in a sentence why a process did not come to its end."""
    if ended.is_over_time:
        return f"its time limit of {step.config.time_limit_s:g} s was reached"
    found = folder.run() if step.composed is not None else None
    error = found.summary.error if found is not None else None
    if ended.is_interrupted:
        at = f" after step {found.summary.step}" if found is not None else ""
        return f"it was interrupted{at}"
    if ended.code < 0:
        return f"its process was killed by signal {-ended.code}"
    if ended.code == 0 and not error:
        return "its process ended with code 0 before it had written down what it gives"
    return redact_text(error or last_line(folder.output) or f"its process ended with code {ended.code}")
