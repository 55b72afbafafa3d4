"""The files of one component, filled in from the templates that lie beside this module."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from accelerator.scaffold.add_names import object_name

_FOLDER = Path(__file__).parent / "templates"
MODULE, CONFIG, TEST, CONFTEST = "module.py", "config.yaml", "test.py", "conftest.py"
NO_STEPS = "no_steps.yaml"
"""The config of a pipeline in a project that has no step yet."""


@dataclass(frozen=True)
class Filling:
    """What is written in the place of `$name`, `$module` and so on."""

    kind: str
    name: str
    module: str = ""
    """The dotted name of the component's module; "" for a kind that has none."""
    values: dict[str, str] = field(default_factory=dict)
    """For what only one template has."""

    @property
    def object(self) -> str:
        """What the module calls the component."""
        modules = [self._filled(part, "Placeholder") for part in (MODULE, TEST)]
        return object_name(self.kind, self.name, frozenset(name for text in modules for name in _imported(text)))

    def text(self, part: str) -> str:
        """Return one file: the module, the config or the test."""
        return self._filled(part, self.object if self.module else "")

    def _filled(self, part: str, called: str) -> str:
        values = {"kind": self.kind, "name": self.name, "module": self.module, "object": called, **self.values}
        return filled(f"{self.kind}/{part}", **values)


def filled(template: str, **values: str) -> str:
    """Return a template with its `$words` filled in; lines that follow a word's first are indented like it."""
    text = (_FOLDER / f"{template}.template").read_text(encoding="utf-8")
    indents = {word: indent for indent, word in re.findall(r"^( *)\$(\w+)$", text, re.MULTILINE)}
    indented = {word: value.replace("\n", f"\n{indents.get(word, '')}") for word, value in values.items()}
    return Template(text).substitute(indented)


def _imported(text: str) -> set[str]:
    """Return the names that a module imports; what it defines itself is called after the component."""
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}
