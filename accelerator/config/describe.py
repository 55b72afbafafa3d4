"""One component or config in full: what it takes, what it says of itself, the config that builds it, its source."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accelerator.components import Registry
from accelerator.config.catalogue import Item, catalogue
from accelerator.config.nearest_path import guess_path
from accelerator.config.project import Project
from accelerator.config.signatures import Signature, read_signature, signature_of
from accelerator.errors import UsageError, did_you_mean

_COMMAND = "accelerator configure describe"


@dataclass(frozen=True)
class Description:
    """What is known of one name."""

    item: Item
    signature: Signature | None
    """None for a config that builds nothing of its own, such as an experiment."""

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        signature, config = self.signature, self.item.file
        return {
            **self.item.to_json(),
            "docstring": signature.docstring if signature else None,
            "parameters": [dataclasses.asdict(item) for item in signature.parameters] if signature else [],
            "bases": list(signature.bases) if signature else [],
            "source": self.source or None,
            "config_file": str(config.path) if config else None,
            "example": config.text if config else None,
        }

    @property
    def source(self) -> str:
        """`file:line` of the definition; "" when it is not known."""
        signature = self.signature
        return f"{signature.file}:{signature.line}" if signature and signature.file else ""


def describe(name: str, project: Project) -> Description:
    """Describe what a name means.

    Args:
        name: a component (`resnet8`, `model:resnet8`, `package::resnet8`), a config (`digits_resnet`,
            `experiment:digits_resnet`), or the dotted path of a class; of a path only the source is read.

    Raises:
        UsageError: nothing has that name, or several things have.
        ComponentError: its source does not tell what it takes, and it does not import.
    """
    registry = Registry.discover(project.root)
    places = project.module_folders
    if "." in name:
        read = read_signature(name, search=places)
        if read is None:
            guess = guess_path(name, places)
            raise UsageError(
                f"{_COMMAND}: the source of '{name}' cannot be found, or does not tell what it takes. {guess}".rstrip()
            )
        return Description(Item("", name, target=name), read)
    item = _find(name, catalogue(project, registry))
    if item.target is None or item.component is None:
        return Description(item, None)
    read = read_signature(item.target, search=places)
    if read is None:
        project.put_on_path()
        read = signature_of(item.component.load())
    return Description(item, read)


def _find(name: str, items: Sequence[Item]) -> Item:
    package, _, rest = name.rpartition("::")
    kind, _, bare = rest.rpartition(":")
    same = [item for item in items if item.name == bare or item.config == bare]
    found = [item for item in same if (not kind or item.kind == kind) and (not package or _same(item.package, package))]
    if len(found) == 1:
        return found[0]
    if found:
        ways = [
            f"{item.package}::{item.kind}:{item.name}" if _is_shared(item, found) else f"{item.kind}:{item.name}"
            for item in found
        ]
        raise UsageError(f"{_COMMAND}: '{name}' may be {' or '.join(ways)}. Name one of them.")
    if same:
        known = ", ".join(f"{item.kind}:{item.name} of {item.package}" for item in same)
        raise UsageError(f"{_COMMAND}: there is no '{name}', but there is {known}.")
    names = sorted({item.name for item in items if not kind or item.kind == kind})
    raise UsageError(
        f"{_COMMAND}: nothing is called '{name}'. {did_you_mean(bare, names)} "
        f"All there is: accelerator configure list."
    )


def _is_shared(item: Item, items: Sequence[Item]) -> bool:
    return sum(other.kind == item.kind and other.name == item.name for other in items) > 1


def _same(one: str, other: str) -> bool:
    return one.lower().replace("_", "-") == other.lower().replace("_", "-")
