"""Which distributions declare components, and whether those import."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent

from accelerator.components import CONFIG_GROUP, KINDS, Component, Registry
from accelerator.config.project import Project
from accelerator.experiment.finding import OK, PROBLEM, WARNING, Finding

OURS = "accelerator-framework"
_TIMEOUT_S = 120.0
_MARK = "examined "
# In a process of its own: a plugin that ends the interpreter ends only that.
_IMPORT = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[2])
for name, target in json.loads(sys.argv[1]):
    module, _, attribute = target.partition(":")
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        reason = ""
    except BaseException as error:
        reason = type(error).__name__ + ": " + (str(error).splitlines() or [""])[0]
    print("examined " + json.dumps([name, reason]), flush=True)
"""


@dataclass(frozen=True)
class Examined:
    """One finding for each distribution that declares components, and what the question to torch was answered with."""

    findings: list[Finding]
    answer: str
    """"" when nothing of ours is declared."""


def examine_components(registry: Registry, project: Project, question: str = "") -> Examined:
    """Import all components that are declared, those of each distribution in a process of its own.

    `question` is Python that the process for ours, which imports torch anyway, runs first.
    """
    by_distribution: dict[str, list[Component]] = defaultdict(list)
    for item in registry.declared:
        by_distribution[item.distribution].append(item)
    answers: list[str] = []
    findings = [
        _of_distribution(name, items, _Process(project, question if name == OURS else "", answers))
        for name, items in sorted(by_distribution.items())
    ]
    clashes = [_clash(items) for items in _same_names(registry) if len({item.distribution for item in items}) > 1]
    return Examined([*findings, *clashes], "".join(answers))


def _of_distribution(name: str, items: Sequence[Component], process: "_Process") -> Finding:
    wanted = [item for item in items if item.kind != CONFIG_GROUP]
    unknown = sorted({item.kind for item in wanted if item.kind not in KINDS})
    if unknown:
        text = f"declares entry points for kinds that there are not: {', '.join(unknown)}"
        return Finding(f"plugin {name}", PROBLEM, text, f"Correct its pyproject.toml; kinds: {', '.join(KINDS)}")
    reasons = process.reasons([(f"{item.kind}:{item.name}", item.target) for item in wanted])
    broken = {key: reason for key, reason in reasons.items() if reason}
    if broken:
        text = "; ".join(f"{key} does not import: {reason}" for key, reason in broken.items())
        remedy = f"Repair, update or uninstall {name}; everything else works without it"
        return Finding(f"plugin {name}", PROBLEM, text, remedy)
    listed = ", ".join(f"{item.kind}:{item.name}" for item in wanted)
    subject = "components" if name == OURS else f"plugin {name}"
    return Finding(subject, OK, f"{len(wanted)} of {name} import" if name == OURS else listed or "configs only")


@dataclass(frozen=True)
class _Process:
    """Where components are imported: one that ends its process ends nothing else."""

    project: Project
    question: str
    answers: list[str]
    """Gets what the process printed, where there was a question."""

    def reasons(self, targets: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Return why each target does not import; "" for one that does."""
        out = self._output(targets)
        if self.question:
            self.answers.append(out)
        lines = (line.removeprefix(_MARK) for line in out.splitlines() if line.startswith(_MARK))
        told = dict(json.loads(line) for line in lines)
        silent = "its import ended the process, or did not end"
        return {name: told.get(name, silent) for name, _ in targets}

    def _output(self, targets: Sequence[tuple[str, str]]) -> str:
        places = [str(folder) for folder in self.project.module_folders if folder.is_dir()]
        asked = f"try:\n{indent(self.question.strip(), '    ')}\nexcept BaseException:\n    pass\n" * bool(
            self.question
        )
        command = [sys.executable, "-c", f"{asked}{_IMPORT}", json.dumps(targets), json.dumps(places)]
        try:
            return subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
            ).stdout
        except subprocess.TimeoutExpired as error:
            out = error.stdout or b""
            return out.decode("utf-8", "replace") if isinstance(out, bytes) else out


def _same_names(registry: Registry) -> list[list[Component]]:
    by_name: dict[tuple[str, str], list[Component]] = defaultdict(list)
    for item in registry.declared:
        if item.kind in KINDS:
            by_name[(item.kind, item.name)].append(item)
    return list(by_name.values())


def _clash(items: Sequence[Component]) -> Finding:
    first = items[0]
    owners = sorted({item.distribution for item in items})
    remedy = f"Where it is used, write one of {' or '.join(f'{owner}::{first.name}' for owner in owners)}"
    return Finding(f"{first.kind} {first.name}", WARNING, f"is declared by {' and '.join(owners)}", remedy)
