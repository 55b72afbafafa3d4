"""Which steps of a pipeline a command asks for: `--from`, `--only`, `--until`, `--force`."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from accelerator.config.pipeline_config import StepConfig
from accelerator.errors import UsageError, did_you_mean
from accelerator.pipeline.prepare import dependants


@dataclass(frozen=True)
class Selection:
    """What a command asks for; each is the name of a step, of several with commas between."""

    from_: str | None = None
    """These and all that need what they give."""
    only: str | None = None
    """These and no other."""
    until: str | None = None
    """These and all that they need."""
    force: str | None = None
    """These are run although nothing has changed."""

    def check(self, steps: Sequence[StepConfig]) -> None:
        """Raise UsageError when a flag names no step, or flags contradict each other."""
        known = [step.name for step in steps]
        for flag, text in self._given:
            if not _names(text):
                raise UsageError(f"--{flag} needs the name of a step. {did_you_mean('', known)}")
            for name in _names(text):
                if name not in known:
                    raise UsageError(f"--{flag} {name}: there is no such step. {did_you_mean(name, known)}")
        if self.only is not None and (self.from_ is not None or self.until is not None):
            raise UsageError("--only goes with neither --from nor --until. Leave the others out.")
        lost = [name for name in _names(self.force) if name not in self.chosen(steps)]
        if lost:
            raise UsageError(f"--force {lost[0]}: the step is left out by the other flags. Leave one of them out.")
        if not self.chosen(steps):
            raise UsageError(f"--from {self.from_} --until {self.until}: no step lies between them. Leave one out.")

    def chosen(self, steps: Sequence[StepConfig]) -> set[str]:
        """Return the steps that are to be looked at; `steps` are in order."""
        names = {step.name for step in steps}
        if self.only is not None:
            return set(_names(self.only))
        if self.from_ is not None:
            names &= {name for start in _names(self.from_) for name in {start, *dependants(start, steps)}}
        if self.until is not None:
            names &= {name for end in _names(self.until) for name in {end, *_needed(end, steps)}}
        return names

    def is_forced(self, name: str) -> bool:
        """Tell whether a step is to be run although nothing has changed."""
        return name in _names(self.force)

    def without_forced(self, names: Container[str]) -> "Selection":
        """Return a selection that forces these steps no more."""
        rest = [name for name in _names(self.force) if name not in names]
        return replace(self, force=",".join(rest) or None)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags as typed, word by word."""
        return tuple(word for flag, text in self._given for word in (f"--{flag}", text))

    @property
    def words(self) -> str:
        """The flags in a sentence."""
        return " ".join(self.flags)

    @property
    def _given(self) -> list[tuple[str, str]]:
        flags = (("from", self.from_), ("only", self.only), ("until", self.until), ("force", self.force))
        return [(flag, text) for flag, text in flags if text is not None]


def _names(text: str | None) -> list[str]:
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _needed(name: str, steps: Sequence[StepConfig]) -> set[str]:
    by_name = {step.name: step for step in steps}
    found: set[str] = set()
    queue = [name]
    while queue:
        for needed in by_name[queue.pop()].needs:
            if needed not in found:
                found.add(needed)
                queue.append(needed)
    return found
