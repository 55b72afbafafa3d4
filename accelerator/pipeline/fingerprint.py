"""What a step's result depends on, in parts that can be compared: a fingerprint that can say what has changed.

| part | holds |
|---|---|
| `uses` | `experiment`, or the component |
| `config` | the resolved config, flat, without what cannot change the result |
| `inputs` | the hash of each input by its key |
| `code` | versions of what is installed, hashes of the project's files |
| `environment` | for each variable that the config names, a keyed hash of its value, which tells nothing of it |
"""

import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from accelerator.runs.files import json_ready

PARTS_VERSION = 1
_HARMLESS = (
    *("name", "config_version", "tags", "note", "system_every", "tracking", "paths.output", "trust"),
    *("callback.progress", "vars"),
)
"""Keys, with all below them, that cannot change what an experiment gives."""
_HARMLESS_EXACT = ("loader.workers", "train.max_time")
_VARIABLE = re.compile(r"\$\{\s*oc\.env\s*:\s*([A-Za-z_]\w*)")
_SHOWN_CHARACTERS = 40
_MOST_REASONS = 3
_ABSENT = object()


@dataclass(frozen=True)
class Fingerprint:
    """The parts, and the one hash of them all."""

    uses: str
    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    code: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """What a step's result is known by."""
        content = {"version": PARTS_VERSION, **asdict(self)}
        text = json.dumps(json_ready(content), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Fingerprint":
        """Return what `asdict` of one gave; KeyError or TypeError when it is something else."""
        mappings = {name: dict(content[name]) for name in ("config", "inputs", "code", "environment")}
        return cls(uses=str(content["uses"]), **mappings)


def relevant(flat: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of an experiment's flat config that can change its result, but those that inputs set."""
    return {
        key: value
        for key, value in flat.items()
        if key not in _HARMLESS_EXACT and not any(_is_at_or_below(key, name) for name in (*_HARMLESS, *inputs))
    }


def variables_in(values: Iterable[Any]) -> list[str]:
    """Return the environment variables that values of a config name."""
    return sorted({name for value in values for name in _VARIABLE.findall(str(value))})


def keyed_variables(names: Iterable[str], key: bytes) -> dict[str, str]:
    """Return a keyed hash of each environment variable: a secret is not written, nor guessed."""
    return {name: _keyed(os.environ.get(name, ""), key) for name in names}


def differences(before: Fingerprint, now: Fingerprint) -> list[str]:
    """Return what changed, in words, with the old and the new value of each."""
    found = [] if before.uses == now.uses else [f"{_show(before.uses)} -> {_show(now.uses)}"]
    found += _changes(before.config, now.config)
    found += [f"input {text}" for text in _changes(before.inputs, now.inputs)]
    found += [f"code {text}" for text in _changes(before.code, now.code)]
    changed = {**before.environment, **now.environment}
    names = [name for name in sorted(changed) if before.environment.get(name) != now.environment.get(name)]
    return found + [f"environment variable {name} has another value" for name in names]


def summed_up(reasons: list[str]) -> str:
    """Return reasons in one line, the first few of many."""
    more = f", and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    return f"{'; '.join(reasons[:_MOST_REASONS])}{more}"


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({**before, **now}):
        old, new = before.get(key, _ABSENT), now.get(key, _ABSENT)
        if old is _ABSENT:
            yield f"{key}: new, {_show(new)}"
        elif new is _ABSENT:
            yield f"{key}: gone, was {_show(old)}"
        elif json_ready(old) != json_ready(new):
            yield f"{key}: {_show(old)} -> {_show(new)}"


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(json_ready(value))
    if re.fullmatch(r"[0-9a-f]{32}", text):
        return text[:8]
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _keyed(value: str, key: bytes) -> str:
    return hmac.new(key, value.encode("utf-8"), hashlib.sha256).hexdigest()[:16]


def _is_at_or_below(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")
