"""The help pages: short, with examples, printed plainly.

The usage line and the list of verbs are read from the code; the text below them is the docstring of the verb or
of its group, written for the terminal. A test holds that each flag of a verb stands on its page.
"""

import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from accelerator.cli.grammar import Flag, Verb

_WIDTH = 120
_STAYS = "\0"  # a space at which no line is broken

FRONT_PAGE = """\
accelerator GROUP VERB [ARGUMENT...]

Train, follow and repeat PyTorch experiments that are described by a config.

{groups}

Anywhere:
  --project DIR  the project root; else the nearest folder upwards that has a pyproject.toml or configs/
  --help, -h     this page, or the page of the group or verb that stands before it
  --version      the version

Examples:
  accelerator experiment train experiment=digits_resnet
  accelerator experiment train --help"""


def front_page(groups: Mapping[str, type]) -> str:
    """Return the page of `accelerator` itself."""
    return FRONT_PAGE.format(
        groups=_titled_list("Groups", {name: _first_line(group) for name, group in groups.items()})
    )


def group_page(name: str, group: type, verbs: Mapping[str, Any]) -> str:
    """Return the page of one group: its verbs, then what its docstring says below the first line."""
    title, _, text = _text_of(group).partition("\n")
    listed = _titled_list("Verbs", {verb: _first_line(function) for verb, function in verbs.items()})
    return "\n\n".join((f"accelerator {name} VERB [ARGUMENT...]", title, listed, text.strip()))


def verb_page(verb: Verb, function: Any) -> str:
    """Return the page of one verb: its usage, then its docstring."""
    return f"{_wrapped(usage(verb))}\n\n{_text_of(function)}"


def usage(verb: Verb) -> str:
    """Return the usage line: `accelerator experiment evaluate RUN [--split SPLIT] [--checkpoint last|best]`."""
    parts = [verb.command, *(name.upper() for name in verb.positionals)]
    parts += [f"[{name.upper()}]" for name in verb.optional]
    parts += [f"[{verb.repeated.upper()}...]"] if verb.repeated else []
    parts += ["[OVERRIDE...]"] * verb.takes_overrides
    parts += [f"[{_flag_usage(flag)}]" for flag in verb.flags.values()]
    return " ".join(parts)


def _wrapped(line: str) -> str:
    """Break a usage line between its parts where it is too long for a page."""
    parts = re.sub(r"(?<=\[)[^]]*", lambda found: found[0].replace(" ", _STAYS), line)
    lines = textwrap.wrap(parts, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_STAYS, " ")


def _flag_usage(flag: Flag) -> str:
    if flag.is_switch:
        return f"--{flag.name}"
    return f"--{flag.name} {'|'.join(flag.choices) or flag.name.upper()}"


def _titled_list(title: str, lines: Mapping[str, str]) -> str:
    width = max(len(name) for name in lines)
    return "\n".join([f"{title}:", *(f"  {name:<{width}}  {text}" for name, text in lines.items())])


def _first_line(documented: Any) -> str:
    return _text_of(documented).partition("\n")[0].rstrip(".")


def _text_of(documented: Any) -> str:
    return inspect.getdoc(documented) or ""
