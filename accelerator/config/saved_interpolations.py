"""Which interpolations a run's config may hold when it is read back: those that its writer leaves, and no other.

`${train.total_steps}`; and `${oc.env:NAME}` as a whole value, for a variable that the present project's configs or the
command name too, so that a config cannot send one out unasked. A longer text with a variable in it only where the
present project has that very text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig

from accelerator.config.own_values import own_values
from accelerator.config.project import ConfigSource
from accelerator.config.provenance import Provenance
from accelerator.errors import Problem
from accelerator.redaction import MASK

TOTAL_STEPS = "${train.total_steps}"
VARIABLE = re.compile(r"\$\{\s*oc\.env\s*:\s*([A-Za-z_]\w*)\s*(,[^{}]*)?\}")
_WHOLE_VARIABLE = re.compile(r"\$\{oc\.env:([A-Za-z_]\w*)\}")


def names_variable(text: str) -> bool:
    """Tell whether a text is one that reads an environment variable."""
    return "${" in text and "oc.env" in text


def marked_texts(node: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each value that is an interpolation or a masked secret."""
    names = list(node) if isinstance(node, DictConfig) else range(len(node))
    for name in names:
        child = node._get_node(name)
        path = f"{key}.{name}" if key else str(name)
        if isinstance(child, DictConfig | ListConfig) and not child._is_none() and not child._is_interpolation():
            yield from marked_texts(child, path)
        elif child is not None and isinstance(child._value(), str):
            text = child._value()
            if child._is_interpolation() or text == MASK or f"://{MASK}@" in text:
                yield path, text


def refused_texts(
    texts: dict[str, str], overrides: Sequence[str], sources: tuple[ConfigSource, ...], provenance: Provenance
) -> Iterator[Problem]:
    """Yield a problem for each text (by its config path) that may not be read back."""
    asked = [(key, text) for key, text in texts.items() if text != TOTAL_STEPS]
    known = {*_override_values(overrides), *own_values(sources, "oc.env")} if asked else set()
    variables = {name for value in known for name, _ in VARIABLE.findall(value)}
    for key, text in asked:
        variable = _WHOLE_VARIABLE.fullmatch(text)
        if "${" not in text:
            what, remedy = "is a secret and was not saved with the run", f"Add {key}=… to the command"
        elif (variable and variable[1] in variables) or (VARIABLE.search(text) and text in known):
            continue
        elif variable:
            what = f"reads the environment variable {variable[1]}, which no config of this project names"
            remedy = f"If that is meant, add '{key}=${{oc.env:{variable[1]}}}' to the command"
        else:
            what, remedy = "is an interpolation, which a saved config may not hold", f"Add {key}=… to the command"
        yield Problem(key, what, remedy, provenance.place_of(key), text)


def _override_values(overrides: Sequence[str]) -> Iterator[str]:
    for text in overrides:
        yield text.partition("=")[2].strip("'\"")
