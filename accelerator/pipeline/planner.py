"""What is to be done with each step, and why: the one place that decides, for `--plan` and for a run alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.pipeline.cache import StepCache, StepRecord
from accelerator.pipeline.fingerprint import Fingerprint, differences, summed_up
from accelerator.pipeline.inputs import Inputs, resolve_inputs
from accelerator.pipeline.outputs import Output
from accelerator.pipeline.prepare import PreparedStep
from accelerator.pipeline.selection import Selection

SKIP = "skip"
RUN = "run"
RESUME = "go on"
"""It was begun and did not come to its end: it goes on from there."""
FOLLOW = "follow"
"""A step before it runs: whether this one must is known when that one has given what it gives."""
LEAVE = "leave out"

UP_TO_DATE = "nothing has changed"


@dataclass(frozen=True)
class Decision:
    """What is to be done with one step."""

    step: PreparedStep
    action: str
    reason: str
    fingerprint: Fingerprint | None = None
    """None where it is not known yet."""
    inputs: Inputs | None = None
    record: StepRecord | None = None
    """What is used instead of running it."""
    begun: Path | None = None
    """The step's folder to go on in."""

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name


@dataclass
class Planner:
    """Decides about the steps of one pipeline, one after the other: `known` grows with what they give."""

    pipeline: str
    steps: Sequence[PreparedStep]
    selection: Selection
    cache: StepCache
    project: Project
    known: dict[str, Mapping[str, Output]] = field(default_factory=dict)

    def plan(self) -> list[Decision]:
        """Return what is to be done with each step, as far as it can be said before any has run.

        Raises:
            InputError: a step that is left out has never been done, and one that is not needs what it gives; or a step
                that is done gave no such output.
        """
        decisions: list[Decision] = []
        for step in self.steps:
            decision = self.decide(step)
            if decision.record is not None:
                self.known[step.name] = decision.record.outputs
            decisions.append(decision)
        return decisions

    def decide(self, step: PreparedStep) -> Decision:
        """Return what is to be done with a step, given what the steps before it gave.

        Raises:
            InputError: as `plan`.
        """
        missing = [name for name in step.config.needs if name not in self.known]
        if step.name not in self._chosen:
            return self._leave(step, missing)
        if missing:
            before = " and ".join(missing)
            verb = "runs" if len(missing) == 1 else "run"
            return Decision(step, FOLLOW, f"{before} {verb} before it")
        inputs = resolve_inputs(step.config, self.known, self.project, self.cache.hashes)
        fingerprint = step.fingerprint(inputs)
        begun = self.cache.begun(fingerprint.hash)
        record = self.cache.find(fingerprint.hash)
        gone = "" if record is None else self.cache.what_is_gone(record)
        if record is not None and not gone and not self.selection.is_forced(step.name):
            return Decision(step, SKIP, UP_TO_DATE, fingerprint, inputs, record)
        if begun is not None:
            reason = f"it was begun and has not come to its end ({begun})"
            return Decision(step, RESUME, reason, fingerprint, inputs, begun=begun)
        if gone:
            return Decision(step, RUN, gone, fingerprint, inputs)
        if self.selection.is_forced(step.name) and record is not None:
            return Decision(step, RUN, "--force: nothing has changed", fingerprint, inputs)
        return Decision(step, RUN, self._why(step, fingerprint), fingerprint, inputs)

    @property
    def _chosen(self) -> set[str]:
        return self.selection.chosen([step.config for step in self.steps])

    def _why(self, step: PreparedStep, fingerprint: Fingerprint) -> str:
        last = self.cache.last(self.pipeline, step.name)
        if last is not None and (changed := differences(last.fingerprint, fingerprint)):
            return summed_up(changed)
        was_done = self.cache.was_done(self.pipeline, step.name)
        return "what it gave is no longer recorded" if was_done else "it has not been run yet"

    def _leave(self, step: PreparedStep, missing: Sequence[str]) -> Decision:
        """Decide about a step that a flag leaves out: what it gave last is taken where somebody needs it."""
        chosen = self._chosen
        askers = [item.name for item in self.steps if item.name in chosen and step.name in item.config.needs]
        words = self.selection.words
        record = self.cache.last(self.pipeline, step.name)
        if not askers:
            if record is not None:  # so that what comes after it can be compared with what it was
                self.known[step.name] = record.outputs
            return Decision(step, LEAVE, f"left out by {words}")
        note = "what it gave last is taken"
        if not missing:
            inputs = resolve_inputs(step.config, self.known, self.project, self.cache.hashes)
            fingerprint = step.fingerprint(inputs)
            current = self.cache.find(fingerprint.hash)
            if current is None and record is not None:
                changed = summed_up(differences(record.fingerprint, fingerprint))
                note = f"what it gave last is taken, although {changed}"
            record = current or record
        gone = "" if record is None else self.cache.what_is_gone(record)
        if record is None or gone:
            raise InputError(
                f"{words}: {askers[0]} needs what {step.name} gives, and "
                f"{gone or f'{step.name} has never been done'}. Leave the flag out, or name {step.name} too."
            )
        return Decision(step, LEAVE, f"left out by {words}: {note}", record.fingerprint, record=record)
