"""What may stand where the cursor is: the hidden command that completion scripts call at each TAB.

It gets the command line up to the cursor as it was typed, and prints a word a line; behind one that is complete
stands a space. Neither Hydra nor torch is imported. Whoever types is never disturbed: where nothing can be said,
nothing is printed, and the exit code is 0.
"""

import logging
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from accelerator.cli.completion_scripts import SHELLS
from accelerator.cli.dispatch import Group, verbs_of
from accelerator.cli.grammar import (
    END_OF_FLAGS,
    GLOBAL_FLAGS,
    Flag,
    Verb,
    is_override,
    normal_name,
    read_verb,
    take_flag,
)
from accelerator.cli.terminal import print_line
from accelerator.config.catalogue import GROUPS as KINDS_TO_LIST
from accelerator.config.project import Project, find_project
from accelerator.config.suggestions import Suggestions
from accelerator.errors import TRACEBACK_VARIABLE
from accelerator.runs.listing import LAST, list_runs
from accelerator.scaffold.add_names import KINDS_TO_ADD

_CURSOR = "\0"  # no argument can hold it
_FRONT_FLAGS = ("--help", "--project", "--version")


def print_completions(groups: Mapping[str, type[Group]], line: str) -> int:
    """Print the words that may stand at the end of `line`, a whole command line; return 0 whatever it is."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        words = completions(groups, line)
    except Exception:  # the border to a shell that waits: a broken project has nothing to propose
        if os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc(file=sys.stderr)
        return 0
    finally:
        logging.disable(before)
    for word in words:
        print_line(word if _goes_on(word) else f"{word} ")
    return 0


def completions(groups: Mapping[str, type[Group]], line: str) -> list[str]:
    """Return the words that may stand at the end of a command line, whole; none where only a file can.

    Raises:
        AcceleratorError: the project is broken, so that nothing can be proposed.
    """
    words, typed = _split(line)
    if words[-1:] == ["--project"]:
        return []
    directory, tokens = take_flag("project", words[1:])
    suggestions = Suggestions(Project(Path(directory).expanduser().resolve()) if directory else find_project())
    found = _at_cursor(groups, tokens, typed, suggestions)
    return [word for word in dict.fromkeys(found) if word.startswith(typed)]


def _goes_on(word: str) -> bool:
    return word.endswith(("=", ".")) or word.count("[") > word.count("]")


def _split(line: str) -> tuple[list[str], str]:
    """Return the words before the cursor and the one at the cursor, "" after a space; a quote may still be open."""
    for quote in ("", "'", '"'):
        try:
            *words, last = shlex.split(f"{line}{_CURSOR}{quote}")
        except ValueError:
            continue
        return words, last.removesuffix(_CURSOR)
    return [], ""


def _at_cursor(
    groups: Mapping[str, type[Group]], tokens: Sequence[str], typed: str, suggestions: Suggestions
) -> Iterable[str]:
    if not tokens:
        return _FRONT_FLAGS if typed.startswith("-") else groups
    name, rest = normal_name(tokens[0]), tokens[1:]
    if name not in groups:
        return ()
    verbs = verbs_of(groups[name])
    if name in verbs:
        return _in_verb(read_verb(verbs[name], ""), rest, typed, suggestions)
    if rest and normal_name(rest[0]) in verbs:
        return _in_verb(read_verb(verbs[normal_name(rest[0])], name), rest[1:], typed, suggestions)
    default = read_verb(verbs[groups[name].default_verb], name)
    if not rest:
        found = [word for word in (*verbs, *["experiment="] * default.takes_overrides) if word.startswith(typed)]
        if found:
            return found
    return _in_verb(default, rest, typed, suggestions)


@dataclass
class _SoFar:
    """What stands before the cursor, of one verb."""

    positionals: int = 0
    overrides: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    waiting: Flag | None = None
    """The flag whose value the cursor is at."""
    flags_ended: bool = False


def _read(verb: Verb, tokens: Sequence[str]) -> _SoFar:
    """Sort the tokens as the grammar does, but refuse none."""
    found = _SoFar()
    queue = list(tokens)
    while queue:
        token = queue.pop(0)
        if token == END_OF_FLAGS:
            found.flags_ended = True
        elif token.startswith("-") and not found.flags_ended:
            name = _flag_name(token)
            found.flags.append(name)
            flag = verb.flags.get(name)
            if flag and not flag.is_switch and "=" not in token:
                found.waiting = None if queue else flag
                queue = queue[1:]
        elif verb.takes_positional(found.positionals) and not is_override(token):
            found.positionals += 1
        else:
            found.overrides.append(token)
    return found


def _in_verb(verb: Verb, tokens: Sequence[str], typed: str, suggestions: Suggestions) -> Iterable[str]:
    so_far = _read(verb, tokens)
    if so_far.waiting:
        return so_far.waiting.choices
    if typed.startswith("-") and not so_far.flags_ended:
        return _flags(verb, typed, so_far.flags)
    found: list[str] = []
    if verb.takes_positional(so_far.positionals):
        names = (*verb.positionals, *verb.optional)
        name = names[so_far.positionals] if so_far.positionals < len(names) else verb.repeated or ""
        propose = POSITIONALS.get(f"{verb.name}.{name}", POSITIONALS.get(name))
        found += propose(suggestions, typed, so_far.overrides) if propose else ()
    if verb.takes_overrides and so_far.positionals >= len(verb.positionals):
        proposed = suggestions.overrides(typed, so_far.overrides)
        found += [word for word in proposed if verb.name not in _LOOKING or word.startswith("paths.")]
    return found


_LOOKING = ("status", "clean")
"""Verbs whose overrides only say where pipelines lie."""


def _flags(verb: Verb, typed: str, given: Sequence[str]) -> list[str]:
    flag = verb.flags.get(_flag_name(typed))
    if "=" in typed:
        return [f"{typed.partition('=')[0]}={choice}" for choice in (flag.choices if flag else ())]
    return [f"--{name}" for name in (*verb.flags, *GLOBAL_FLAGS) if name not in given]


def _flag_name(token: str) -> str:
    return normal_name(token.lstrip("-").partition("=")[0])


def _runs(suggestions: Suggestions, typed: str, _others: Sequence[str]) -> list[str]:
    """Return `last` and the names of all runs, the newest first; where none begins so, endings of them that do."""
    names = [run.name for run in reversed(list_runs(suggestions.output))]
    found = [name for name in (LAST, *names) if name.startswith(typed)]
    return found or [name.rpartition("-")[2] for name in names]


def _keys(suggestions: Suggestions, typed: str, others: Sequence[str]) -> list[str]:
    return suggestions.keys(typed, others)


def _pipelines(suggestions: Suggestions, *_: object) -> Sequence[str]:
    return suggestions.options("pipeline")


POSITIONALS: Mapping[str, Callable[[Suggestions, str, Sequence[str]], Sequence[str]]] = MappingProxyType(
    {
        "run": _runs,
        "runs": _runs,
        "run.name": _pipelines,
        "status.name": _pipelines,
        "clean.name": _pipelines,
        "explain.key": _keys,
        "add.kind": lambda *_: KINDS_TO_ADD,
        "list.kind": lambda *_: KINDS_TO_LIST,
        "describe.name": lambda suggestions, *_: suggestions.names(),
        "completion.shell": lambda *_: SHELLS,
    }
)
"""What is proposed for a positional, by its name, or by verb and name."""
