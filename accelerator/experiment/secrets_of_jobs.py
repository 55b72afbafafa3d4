"""Secrets and jobs: a sweep or a pipeline writes configs down to make jobs of them later, so it takes none.

A secret that an environment variable holds is named (`${oc.env:NAME}`), not told: each job reads it when it starts.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from accelerator.config.compose import ComposedConfig, composition_of
from accelerator.config.provenance import COMMAND_LINE
from accelerator.config.saved import flatten, saved_values
from accelerator.errors import ConfigError, Problem
from accelerator.redaction import MASK, redact_text

_WHAT = "is a secret in clear, which a sweep or a pipeline would have to write down for its jobs"
_REMEDY = "Put it in an environment variable and name that: ${oc.env:NAME}, in single quotes on a command line"
_LOGIN = f"://{MASK}@"
_BARE_MASK = re.compile(rf"(?<=[\s:=\[{{,]){re.escape(MASK)}")


def refuse_secrets(
    overrides: Sequence[str],
    configs: Sequence[ComposedConfig] = (),
    places: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Refuse overrides, and configs of jobs, that hold a secret in clear; `places` are those that files make.

    Raises:
        ConfigError: names each, without telling the secret.
    """
    problems = [_problem(item, places.get(item, COMMAND_LINE)) for item in overrides if redact_text(item) != item]
    for config in configs if not problems else ():
        problems += secrets_in(config, flatten(saved_values(config)))
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))


def secrets_in(config: ComposedConfig, flat: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each secret in clear of a config, whose values are `flat` as they are saved."""
    composition = composition_of(config)
    assert composition is not None
    place_of = composition.provenance.place_of
    found = [key for key, value in flat.items() if isinstance(value, str) and (value == MASK or _LOGIN in value)]
    return [Problem(key, _WHAT, _REMEDY, place_of(key)) for key in found]


def without_secrets(text: str) -> str:
    """Return the text of a YAML file, still YAML, with its secrets masked.

    Example:
        >>> without_secrets("token: abc  # of mine")
        'token: "***"  # of mine'
    """
    masked = redact_text(text)
    return text if masked == text else _BARE_MASK.sub(f'"{MASK}"', masked)


def _problem(override: str, place: str) -> Problem:
    key = override.partition("=")[0].lstrip("+~")
    return Problem(key, _WHAT, _REMEDY, place, redact_text(override).partition("=")[2])
