"""What registered components take, as far as their source tells: for the schema that editors use, and the reference."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from accelerator.components import KINDS, Component
from accelerator.config.json_values import ANYTHING, NULL, Schema, annotation_schema, either
from accelerator.config.project import Project
from accelerator.config.signatures import Signature, read_signature
from accelerator.config.trust import OUR_DISTRIBUTION, OUR_PACKAGE

TAKES_ANY = "*"
_ARGS = re.compile(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", re.MULTILINE)
_ARG = re.compile(r"^ {4}\*{0,2}(\w+)(?: \([^)]*\))?:\s*(.*(?:\n {5,}.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Argument:
    """One argument of a component: annotation and default as they are written in its source, "" where none is."""

    name: str
    annotation: str
    default: str
    text: str
    """What the docstring says of it; "" when it says nothing."""

    @property
    def schema(self) -> Schema:
        """What a config may write; null always, for what the data or the run fills in."""
        value = annotation_schema(self.annotation)
        allowed = value if value == ANYTHING else either(*value.get("anyOf", [value]), NULL)
        facts = f"{self.annotation or 'any value'}{f', default {self.default}' if self.default else ''}"
        return {"description": f"{self.text} ({facts})" if self.text else facts, **allowed}


@dataclass(frozen=True)
class Arguments:
    """What one component takes."""

    named: tuple[Argument, ...]
    takes_any: bool
    """Whether it takes arguments of other names too."""

    @property
    def schema(self) -> Schema:
        """The schemas of its arguments by name; `*` among them when it takes any."""
        return {item.name: item.schema for item in self.named} | ({TAKES_ANY: ANYTHING} if self.takes_any else {})


def component_arguments(components: Iterable[Component], root: Path) -> dict[str, Arguments]:
    """Return what the components take, by `kind:name`, of those whose source tells; nothing is imported.

    Classes of other libraries that our own distribution registers (`torch.optim.AdamW`) are left out: what they take
    changes with the library's version.
    """
    search = Project(root).module_folders
    read = {
        f"{item.kind}:{item.name}": read_signature(item.target, search=search)
        for item in components
        if item.kind in KINDS and (item.distribution != OUR_DISTRIBUTION or item.path.startswith(f"{OUR_PACKAGE}."))
    }
    return {name: _arguments(signature) for name, signature in read.items() if signature is not None}


def _arguments(signature: Signature) -> Arguments:
    texts = argument_texts(signature.docstring)
    named = signature.named().values()
    return Arguments(
        tuple(
            Argument(item.name, item.annotation or "", item.default or "", texts.get(item.name, "")) for item in named
        ),
        signature.takes_any_keyword,
    )


def argument_texts(docstring: str | None) -> dict[str, str]:
    """Return what the `Args:` of a docstring in Google's style says, by argument."""
    section = _ARGS.search(f"{docstring or ''}\n")
    found: Sequence[tuple[str, str]] = _ARG.findall(section[1]) if section else ()
    return {name: re.sub(r"\s+", " ", text).strip() for name, text in found}
