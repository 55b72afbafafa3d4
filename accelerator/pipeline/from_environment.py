"""Values of a pipeline that name environment variables: written down as they are, read in the step's process alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from accelerator.config.saved_interpolations import names_variable
from accelerator.errors import InputError, first_line
from accelerator.leaves import map_leaves


@dataclass(frozen=True)
class FromEnvironment:
    """A text such as `${oc.env:DATA}/numbers.txt` among a step's inputs."""

    text: str

    def __str__(self) -> str:
        return self.text


def marked_variables(raw: Any, value: Any) -> Any:
    """Return an input with each text that names a variable as `FromEnvironment`; `raw` is what the config has."""
    if isinstance(raw, str):
        return FromEnvironment(value) if names_variable(raw) and isinstance(value, str) else value
    if isinstance(raw, Mapping):
        return {str(name): marked_variables(item, value[str(name)]) for name, item in raw.items()}
    if isinstance(raw, list):
        return [marked_variables(item, part) for item, part in zip(raw, value, strict=True)]
    return value


def read_variables(text: str) -> Any:
    """Return the value of a text that names variables.

    Raises:
        InputError: one is not set.
    """
    try:
        return OmegaConf.create({"value": text})["value"]
    except OmegaConfBaseException as error:
        raise InputError(f"{text}: cannot be resolved: {first_line(error)}. Set the variable.") from error


def with_variables(value: Any) -> Any:
    """Return a text that names variables as `read_variables` does, and any other value as it is."""
    return read_variables(value) if isinstance(value, str) and names_variable(value) else value


def node_with_variables(node: Mapping[str, Any], left: Collection[str | None]) -> dict[str, Any]:
    """Return a component's node with its variables read, but those of the arguments in `left`, which are overrides."""
    return {name: item if name in left else map_leaves(item, with_variables) for name, item in node.items()}
