"""The exceptions a user can meet, and the exit code that each one ends a command with.

```
AcceleratorError              exit 1
├── InputError                exit 2  what the user gave is wrong: nothing was started
│   ├── UsageError                    the command line: verb, flag, missing argument
│   ├── ConfigError                   one or more `Problem`s of a config, each with its key and its source
│   ├── ComponentError                a component that is unknown, claimed twice, broken or not trusted
│   ├── DataNotFoundError             files of a data set that are neither there nor to be fetched
│   ├── RunNotFoundError              a RUN that names no run folder, or more than one
│   └── RunLockedError                a run folder that another process is writing
└── RunFailedError            exit 1  the run started and could not go on
    ├── NonFiniteError                a loss that is NaN or infinite
    ├── CheckpointError               a checkpoint that cannot be written or read
    └── StorageError                  the disk is full, read-only or gone
```

A message says, in this order: where, what came, what is allowed, what to do next.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EXIT_FAILED = 1
EXIT_INPUT = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
TRACEBACK_VARIABLE = "ACCELERATOR_TRACEBACK"
"""The environment variable that makes the command line print the traceback of what went wrong."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a config or a command line.

    `key` is the config path (`optimizer.lr`), `value` what it holds as text, `source` the place that set it
    (`configs/a.yaml:7`, or `command line`), `what` says what is wrong and allowed, `remedy` what to do next.

    Example:
        >>> str(Problem("seed", "must be at least 0", "Write seed=0", "command line", "-1"))
        'seed = -1 (command line): must be at least 0. Write seed=0.'
    """

    key: str
    what: str
    remedy: str = ""
    source: str = ""
    value: str = ""

    def __str__(self) -> str:
        named = f"{self.key} = {self.value}" if self.key and self.value else self.key
        where = f"{named} ({self.source})" if named and self.source else named or self.source
        head = f"{where}: {self.what}" if where else self.what
        return " ".join(part for part in (_sentence(head), _sentence(self.remedy)) if part)


class AcceleratorError(Exception):
    """The root: whatever we raise on purpose. `exit_code` is what a command ends with."""

    exit_code = EXIT_FAILED


class InputError(AcceleratorError):
    """What the user gave is wrong; nothing was started and nothing was written."""

    exit_code = EXIT_INPUT


class UsageError(InputError):
    """A command line that cannot be understood."""


class ConfigError(InputError):
    """A config that cannot be used. Carries all `problems` that were found, not only the first."""

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ComponentError(InputError):
    """A component that is unknown, claimed by two distributions, broken, or not trusted."""


class DataNotFoundError(InputError):
    """Files of a data set that are neither on the disk nor to be fetched."""


class RunNotFoundError(InputError):
    """A RUN that names no run folder, or more than one."""


class RunLockedError(InputError):
    """A run folder that another process is writing."""


class RunFailedError(AcceleratorError):
    """A run that started and could not go on."""


class NonFiniteError(RunFailedError):
    """A logged value that is NaN or infinite. `name` says which (`train/loss`), `step` when."""

    def __init__(self, message: str, *, name: str, step: int) -> None:
        self.name = name
        self.step = step
        super().__init__(message)


class CheckpointError(RunFailedError):
    """A checkpoint that cannot be written, or is damaged and has no sound one before it."""


class StorageError(RunFailedError):
    """The disk is full, read-only or gone."""


_MIN_BEGINNING = 3


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return the choice most like `name`, the only one that it begins, or the first that it ends; "" when none is."""
    known = list(choices)
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if not found:
        found = [choice for choice in known if choice.startswith(name)] if len(name) >= _MIN_BEGINNING else []
        found = found if len(found) == 1 else [item for item in known if item.endswith((f".{name}", f"/{name}"))]
    return found[0] if found else ""


def did_you_mean(name: str, choices: Iterable[str], *, most: int = 12) -> str:
    """Return `Did you mean 'x'? Known: a, b, c.`, as far as there is something to say."""
    known = sorted(set(choices))
    close = nearest(name, known)
    guess = f"Did you mean '{close}'? " if close else ""
    if not known:
        return guess.strip()
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return f"{guess}Known: {', '.join(known[:most])}{more}."


def with_article(noun: str) -> str:
    """Return `an optimizer`, `a model`."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text; the type of one without a text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def in_one_line(error: BaseException) -> str:
    """Return `Type: first line of its text` of an error that somebody else raised; the type alone without a text."""
    kind = type(error).__name__
    return f"{kind}: {first_line(error)}" if str(error).strip() else kind


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?:" else f"{text}."
