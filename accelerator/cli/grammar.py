"""The grammar of a command line: which token is a flag, a value, a RUN, or a Hydra override.

A token that starts with `--` is a flag (hyphen or underscore alike); `--flag value` and `--flag=value` mean the
same; a switch takes no value; `--` ends the flags. Where a RUN is expected, an existing path is a path even with
`=` in it. Any other token that holds `=`, or starts with `+` or `~`, also behind the name of a pipeline's step
(`finetune:~callback.ema`), is an override and stays an untouched string.

What a verb takes is read from the signature of its method, so that a flag is declared in one place:

| parameter | on the command line |
|---|---|
| positional, without default | a required positional, such as RUN |
| positional, default None | an optional positional, such as KIND |
| `*overrides` | any number of overrides |
| `*runs`, or any other name | any number of further positionals |
| keyword-only, `bool` | a switch |
| keyword-only, `str` or `Literal[...]` | a flag with a value, one of the literals where they are given |
| keyword-only, `from_` | the flag `--from`: a word of Python's own is no parameter |
"""

import inspect
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from keyword import iskeyword
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from accelerator.errors import UsageError, did_you_mean, nearest

END_OF_FLAGS = "--"
_WITHOUT_VALUE = re.compile(r"([\w-]+:)?[+~]")
OVERRIDES = "overrides"
GLOBAL_FLAGS = ("project", "help")


@dataclass(frozen=True)
class Flag:
    """One flag of a verb. `choices` is empty when any value will do."""

    name: str
    is_switch: bool = False
    choices: tuple[str, ...] = ()

    @property
    def parameter(self) -> str:
        """The parameter of the method: `from_` takes `--from`, which is a word of Python's own."""
        return f"{self.name}_" if iskeyword(self.name) else self.name


@dataclass(frozen=True)
class Verb:
    """What one verb takes. `command` is how it is typed: `accelerator experiment resume`."""

    name: str
    command: str
    positionals: tuple[str, ...]
    takes_overrides: bool
    flags: dict[str, Flag]
    optional: tuple[str, ...] = ()
    """Positionals that may be left out; they follow the others."""
    repeated: str | None = None
    """A positional that may stand any number of times; it follows all others."""

    def takes_positional(self, place: int) -> bool:
        """Tell whether a positional may stand at this place, counted from 0."""
        return self.repeated is not None or place < len(self.positionals) + len(self.optional)


@dataclass(frozen=True)
class Call:
    """A command line that was understood: `positionals` in order, then `overrides`, and `flags` by name.

    An optional positional that was left out is None.
    """

    positionals: tuple[str | None, ...] = ()
    overrides: tuple[str, ...] = ()
    flags: dict[str, str | bool] = field(default_factory=dict)


def read_verb(function: Callable[..., Any], command: str) -> Verb:
    """Read from the signature of `function` what the verb takes; `command` is what is typed before the verb."""
    hints = get_type_hints(function)
    parameters = [item for item in inspect.signature(function).parameters.values() if item.name != "self"]
    positionals = [item for item in parameters if item.kind is item.POSITIONAL_OR_KEYWORD]
    rest = next((item.name for item in parameters if item.kind is item.VAR_POSITIONAL), None)
    return Verb(
        name=function.__name__,
        command=f"{command} {function.__name__}",
        positionals=tuple(item.name for item in positionals if item.default is item.empty),
        optional=tuple(item.name for item in positionals if item.default is not item.empty),
        takes_overrides=rest == OVERRIDES,
        repeated=rest if rest != OVERRIDES else None,
        flags={
            (name := item.name.rstrip("_")): Flag(name, hints[item.name] is bool, _literals(hints[item.name]))
            for item in parameters
            if item.kind is item.KEYWORD_ONLY
        },
    )


def parse(verb: Verb, tokens: Sequence[str]) -> Call:
    """Sort the tokens after a verb into positionals, overrides and flags.

    Raises:
        UsageError: a flag that is unknown, given twice, lacks its value or takes none; a positional that is
            missing or one too many; an override where none is taken. Names what would be valid.
    """
    positionals: list[str] = []
    overrides: list[str] = []
    flags: dict[str, str | bool] = {}
    queue = list(tokens)
    flags_ended = False
    while queue:
        token = queue.pop(0)
        if token == END_OF_FLAGS and not flags_ended:
            flags_ended = True
        elif token.startswith("-") and not flags_ended:
            name, value = _read_flag(verb, token, queue)
            if name in flags:
                raise UsageError(f"{verb.command}: --{name} is given twice. Give it once.")
            flags[name] = value
        elif verb.takes_positional(len(positionals)) and (not is_override(token) or os.path.exists(token)):
            positionals.append(token)
        elif is_override(token) and verb.takes_overrides:
            overrides.append(token)
        else:
            raise UsageError(_surplus(verb, token))
    if len(positionals) < len(verb.positionals):
        raise UsageError(_missing(verb, positionals, overrides))
    left_out = len(verb.positionals) + len(verb.optional) - len(positionals)
    return Call((*positionals, *[None] * left_out), tuple(overrides), flags)


def is_override(token: str) -> bool:
    """Tell whether a token has the shape of a Hydra override."""
    return "=" in token or _WITHOUT_VALUE.match(token) is not None


def normal_name(name: str) -> str:
    """Return a verb or flag as Python spells it: `analyze-model` and `analyze_model` are one."""
    return name.replace("-", "_")


def take_flag(name: str, tokens: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take `--name VALUE` out of `tokens`, wherever it stands before `--`; return its value and the other tokens.

    Raises:
        UsageError: it stands last, without its value, or is given twice.
    """
    value: str | None = None
    rest: list[str] = []
    queue = list(tokens)
    while queue:
        token = queue.pop(0)
        if token == END_OF_FLAGS:
            return value, [*rest, token, *queue]
        if _flag_name(token) != name:
            rest.append(token)
            continue
        if value is not None:
            raise UsageError(f"accelerator: --{name} is given twice. Give it once.")
        value = _value_of("accelerator", token, queue)
    return value, rest


def asks_for_help(tokens: Iterable[str]) -> bool:
    """Tell whether `--help` or `-h` stands before `--`."""
    for token in tokens:
        if token in ("--help", "-h"):
            return True
        if token == END_OF_FLAGS:
            return False
    return False


def _read_flag(verb: Verb, token: str, queue: list[str]) -> tuple[str, str | bool]:
    flag = verb.flags.get(_flag_name(token))
    if flag is None:
        raise UsageError(_unknown_flag(verb, token))
    if flag.is_switch:
        if "=" in token:
            raise UsageError(
                f"{verb.command}: --{flag.name} takes no value, '{token}' came. Write --{flag.name} alone."
            )
        return flag.name, True
    value = _value_of(verb.command, token, queue)
    if flag.choices and value not in flag.choices:
        raise UsageError(f"{verb.command}: --{flag.name} cannot be '{value}'. {did_you_mean(value, flag.choices)}")
    return flag.name, value


def _flag_name(token: str) -> str:
    """Return the name of a flag as Python spells it (`--dry-run=x` gives `dry_run`); "" for what is no flag."""
    return normal_name(token[2:].partition("=")[0]) if token.startswith("--") else ""


def _unknown_flag(verb: Verb, token: str) -> str:
    typed = token.partition("=")[0]
    known = {name: f"--{name}" for name in (*verb.flags, *GLOBAL_FLAGS)}
    close = nearest(normal_name(typed.lstrip("-")), known)
    guess = f"Did you mean '{known[close]}'? " if close else ""
    value_hint = " A config value is written without hyphens: key=value." if verb.takes_overrides else ""
    return f"{verb.command}: there is no flag '{typed}'. {guess}Known: {', '.join(known.values())}.{value_hint}"


def _value_of(command: str, token: str, queue: list[str]) -> str:
    name, has_value, value = token.partition("=")
    if has_value:
        return value
    if not queue:
        raise UsageError(f"{command}: {name} needs a value. Write {name} VALUE.")
    if queue[0].startswith("--"):
        raise UsageError(
            f"{command}: {name} needs a value, but '{queue[0]}' follows. Write {name} VALUE, "
            f"or {name}={queue[0]} if that is the value."
        )
    return queue.pop(0)


def _surplus(verb: Verb, token: str) -> str:
    if is_override(token):
        return f"{verb.command} takes no overrides, '{token}' came. Leave it out."
    takes = [name.upper() for name in (*verb.positionals, *verb.optional)]
    takes += ["overrides (key=value)"] * verb.takes_overrides
    allowed = f"takes only {' and '.join(takes)}" if takes else "takes no arguments"
    return f"{verb.command} {allowed}; '{token}' is one too many. See {verb.command} --help."


def _missing(verb: Verb, positionals: Sequence[str], overrides: Sequence[str]) -> str:
    name = verb.positionals[len(positionals)].upper()
    read_as = f" ('{overrides[0]}' is no existing path, so it was read as an override)" if overrides else ""
    return f"{verb.command} needs a {name}{read_as}. See {verb.command} --help."


def _literals(hint: Any) -> tuple[str, ...]:
    """Return the strings of a `Literal`, also where it is optional."""
    if get_origin(hint) is Literal:
        return tuple(str(value) for value in get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return tuple(value for part in get_args(hint) for value in _literals(part))
    return ()
