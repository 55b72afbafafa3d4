"""What the steps of a pipeline ask of each other: `${step_output:pretrain.checkpoint.best}`."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from accelerator.config.read import is_mapping
from accelerator.leaves import map_leaves

_REFERENCE = re.compile(r"\$\{step_output:([^}]*)\}")


@dataclass(frozen=True)
class Reference:
    """One `${step_output:STEP.OUTPUT}` and where it stands."""

    key: str
    """The config path that it stands at: `steps.finetune.inputs.weights`, `values[0]`."""
    text: str
    """`STEP.OUTPUT`."""

    @property
    def step(self) -> str:
        """The step that is asked."""
        return self.text.partition(".")[0]

    @property
    def output(self) -> str:
        """What it is asked for."""
        return self.text.partition(".")[2]


def references(value: Any, key: str) -> Iterator[Reference]:
    """Yield what a value asks of steps, with the path of the key that it stands at."""
    if isinstance(value, str):
        yield from (Reference(key, match.strip()) for match in _REFERENCE.findall(value))
    elif is_mapping(value):
        for name, item in value.items():
            yield from references(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from references(item, f"{key}[{place}]")


def fill_in(value: Any, found: Callable[[Reference], Any], key: str = "") -> Any:
    """Return a value with each reference replaced by what `found` gives for it.

    One that stands alone becomes the thing itself; one within a text becomes text.
    """
    if isinstance(value, str):
        alone = _REFERENCE.fullmatch(value.strip())
        if alone:
            return found(Reference(key, alone[1].strip()))
        return _REFERENCE.sub(lambda match: str(found(Reference(key, match[1].strip()))), value)
    if isinstance(value, Mapping):
        return {name: fill_in(item, found, f"{key}.{name}" if key else str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [fill_in(item, found, f"{key}[{place}]") for place, item in enumerate(value)]
    return value


def escaped(value: Any) -> Any:
    """Return a value in which references are texts to OmegaConf: everything else in it can be resolved."""
    return map_leaves(value, _escaped)


def _escaped(value: Any) -> Any:
    return _REFERENCE.sub(lambda match: f"\\{match[0]}", value) if isinstance(value, str) else value
