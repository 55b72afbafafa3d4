"""One command line, from its tokens to its exit code.

Our grammar sorts and checks the tokens; Fire calls the verb. Fire gets each value as a Python string literal, so
that it never turns one into a number or a list, and no token that could look like a flag of its own.
"""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from accelerator.cli import help as pages
from accelerator.cli.exits import exit_code_of
from accelerator.cli.grammar import Call, Verb, asks_for_help, is_override, normal_name, parse, read_verb, take_flag
from accelerator.cli.late import late
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project, find_project
from accelerator.errors import UsageError, did_you_mean, nearest
from accelerator.launch.threads import limit_spinning

PROGRAM = "accelerator"
HELP_FLAGS = ("--help", "-h")
VERSION_FLAG = "--version"
"""Alone or behind a group, so that `python -m accelerator.cli.experiment --version` tells it too."""


class Group(Protocol):
    """A class whose public methods are the verbs of a group. Each returns an exit code.

    One that has the name of its group is a command without verbs: `accelerator doctor`.
    """

    default_verb: str
    """The verb that is meant when the group is followed by an override or a flag."""

    def __init__(self, project: Project) -> None: ...


def run_command(groups: Mapping[str, type[Group]], arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what went wrong is printed to stderr."""
    limit_spinning(os.environ)
    return exit_code_of(lambda: _dispatch(groups, arguments))


def verbs_of(group: type) -> dict[str, Callable[..., int]]:
    """Return the verbs of a group, in the order of their definition: its own, then those of its base classes."""
    own_first = (item for part in group.__mro__ for item in vars(part).items())
    names = [name for name, item in own_first if inspect.isfunction(item) and not name.startswith("_")]
    return {name: getattr(group, name) for name in names}


def _dispatch(groups: Mapping[str, type[Group]], arguments: Sequence[str]) -> int:
    directory, tokens = take_flag("project", arguments)
    wants_help = asks_for_help(tokens)
    if wants_help:
        tokens = [token for token in tokens if token not in HELP_FLAGS]
    if not tokens:
        print_line(pages.front_page(groups))
        return 0
    name = normal_name(tokens[0])
    if tokens[0] == VERSION_FLAG or (name in groups and tokens[1:] == [VERSION_FLAG]):
        print_line(f"{PROGRAM} {late('cli', 'version')()}")
        return 0
    if name not in groups:
        raise UsageError(_unknown_group(groups, tokens[0]))
    return _dispatch_in_group(name, groups[name], tokens[1:], wants_help, _project_at(directory))


def _dispatch_in_group(name: str, group: type[Group], tokens: list[str], wants_help: bool, project: Project) -> int:
    verbs = verbs_of(group)
    if name in verbs:
        verb_name, rest, verb = name, tokens, read_verb(verbs[name], PROGRAM)
    elif not tokens:
        print_line(pages.group_page(name, group, verbs))
        return 0
    else:
        verb_name, rest = _split_verb(f"{PROGRAM} {name}", group, tokens)
        verb = read_verb(verbs[verb_name], f"{PROGRAM} {name}")
    if wants_help:
        print_line(pages.verb_page(verb, verbs[verb_name]))
        return 0
    return _call_with_fire(group(project), verb, parse(verb, rest))


def _split_verb(command: str, group: type[Group], tokens: list[str]) -> tuple[str, list[str]]:
    """Return the verb and what follows it. A flag or an override in its place means the default verb."""
    first = tokens[0]
    verbs = verbs_of(group)
    if normal_name(first) in verbs:
        return normal_name(first), tokens[1:]
    if first.startswith("-") or is_override(first):
        return group.default_verb, tokens
    raise UsageError(f"{command} has no verb '{first}'. {did_you_mean(normal_name(first), verbs)}")


def _unknown_group(groups: Mapping[str, type[Group]], token: str) -> str:
    if token.startswith("-"):
        return f"{PROGRAM}: there is no flag '{token}'. {did_you_mean(token, ('--help', '--project', '--version'))}"
    unknown = f"{PROGRAM}: there is no group '{token}'."
    if nearest(token, groups):
        return f"{unknown} {did_you_mean(token, groups)}"
    for name, group in groups.items():
        meant = token if is_override(token) else nearest(normal_name(token), verbs_of(group))
        if meant:
            return f"{unknown} Did you mean '{PROGRAM} {name} {meant}'?"
    return f"{unknown} {did_you_mean(token, groups)}"


def _project_at(directory: str | None) -> Project:
    if directory is None:
        return find_project()
    root = Path(directory).expanduser()
    if not root.is_dir():
        raise UsageError(f"{PROGRAM}: --project '{directory}' is no folder. Name the folder that holds configs/.")
    return Project(root.resolve())


def _call_with_fire(group: Group, verb: Verb, call: Call) -> int:
    import fire  # 0.1 s, paid only when a verb is called

    words = [repr(text) for text in (*call.positionals, *call.overrides)]  # None for a positional left out
    flags = [f"--{verb.flags[name].parameter}={value!r}" for name, value in call.flags.items()]
    code: Any = fire.Fire(group, [verb.name, *words, *flags], name=PROGRAM, serialize=_print_nothing)
    return int(code)


def _print_nothing(_result: object) -> None:
    """Fire prints what a command returns: ours return an exit code, which is no output."""
