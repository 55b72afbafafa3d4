"""Whether every `_target_` names something that a config may name and that is there, and takes its arguments.

All of it is read from entry points and source: nothing is imported. What the source does not tell is given back, to be
imported once everything else is known to be in order (`check_imported`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from omegaconf import DictConfig

from accelerator.components import Component, Registry, is_bare_name
from accelerator.config.annotations import UNKNOWN
from accelerator.config.arguments import Call, argument_problems, is_called_later
from accelerator.config.component_nodes import TARGET, ComponentNode
from accelerator.config.compose import composition_of
from accelerator.config.declared import Gives, declared_by
from accelerator.config.declared_source import read_declared, read_outputs
from accelerator.config.project import Project
from accelerator.config.read import Reader
from accelerator.config.signatures import Signature, read_signature, signature_of
from accelerator.config.source_modules import full_names, is_there
from accelerator.config.trust import Trust
from accelerator.errors import ComponentError

_BY_BUILDER = {"scheduler": ("optimizer",), "optimizer": ("fused",)}


@dataclass(frozen=True)
class Target:
    """A node whose target is known by name: where its object is, and what that is as far as the source tells."""

    node: ComponentNode
    path: str
    signature: Signature | None
    """None: only the imported object tells."""
    gives: Gives | None


@final
class Targets:
    """Looks up targets, once each.

    Attributes:
        search: folders that the project's own modules lie in.
    """

    def __init__(self, registry: Registry, trust: Trust, reader: Reader) -> None:
        root = trust.project_root
        self.search: Sequence[Path] = () if root is None else Project(root).module_folders
        self._registry = registry
        self._trust = trust
        self._reader = reader

    def find(self, nodes: Iterable[ComponentNode]) -> list[Target]:
        """Return what the targets are, and note those that are none."""
        found = (self._find(node) for node in nodes)
        return [target for target in found if target is not None]

    def _find(self, node: ComponentNode) -> Target | None:
        name, key = node.target, f"{node.key}.{TARGET}"
        if name is UNKNOWN:
            return None
        if not isinstance(name, str) or not name:
            remedy = f"Name a {node.kind}, or write package.module.Class"
            self._reader.add(key, "must be a component's name or a dotted path", remedy, value=name)
            return None
        if is_bare_name(name) or "::" in name:
            return self._registered(node, name, key)
        refusal = self._trust.refuse_path(name)
        if refusal:
            self._reader.add(key, refusal)
            return None
        return self._at(node, name, key)

    def _registered(self, node: ComponentNode, name: str, key: str) -> Target | None:
        try:
            component = self._registry.find(name, node.kind)
        except ComponentError as error:
            self._reader.add(key, str(error))
            return None
        if component.given is not None:
            return _marked(node, component)
        return self._at(node, component.path, key)

    def _at(self, node: ComponentNode, path: str, key: str) -> Target | None:
        signature = read_signature(path, search=self.search)
        refusal = self._refusal(node, path, signature)
        if refusal:
            self._reader.add(key, refusal)
            return None
        top = path.partition(".")[0]
        if signature is None and not is_there(top, tuple(self.search)):
            remedy = f"Install what has it, or correct the path: package.module.{path.rpartition('.')[2]}"
            self._reader.add(key, f"there is no package '{top}' here, for '{path}'", remedy)
            return None
        declared = read_declared(path, self.search)
        if declared is None and node.kind == "model":
            declared = read_outputs(path, self.search)
        return Target(node, path, signature, declared)

    def _refusal(self, node: ComponentNode, path: str, signature: Signature | None) -> str:
        """Return why what a path leads to may not be called, as far as its source tells."""
        if signature is None:
            return ""
        names = full_names(path, signature.bases, self.search) if signature.is_class else ()
        return self._trust.refuse_source(path, signature.file, names, node.kind if node.is_outermost else "")


def check_arguments(targets: Iterable[Target], facts: Collection[str] | None, reader: Reader) -> list[Target]:
    """Note the arguments that do not fit; return the targets whose signature the source does not tell."""
    unread = []
    for target in targets:
        if target.signature is None:
            unread.append(target)
        elif target.node.is_called:
            note_arguments(target, target.signature, facts, reader)
    return unread


def note_arguments(target: Target, signature: Signature, facts: Collection[str] | None, reader: Reader) -> None:
    """Note the arguments of one node that do not fit a signature."""
    node = target.node
    given = facts if node.kind == "model" else _BY_BUILDER.get(node.kind, ())
    call = Call(node.key, target.path, node.arguments, node.num_positional, given, node.is_partial)
    call = replace(call, is_partial=call.is_partial or is_called_later(node.kind, signature, call))
    reader.problems.extend(argument_problems(call, signature, reader.provenance.place_of))


def trust_of(config: DictConfig, registry: Registry, root: Path | None) -> Trust:
    """Return the policy that a config is built under."""
    names = config.get("trust") or ()
    composition = composition_of(config)
    run_folder = composition.run_folder if composition else None
    return Trust(tuple(name for name in names if isinstance(name, str)), root, registry, run_folder)


def _marked(node: ComponentNode, component: Component) -> Target:
    """Return what a component of this session takes, and gives."""
    from_object = component.given
    try:
        signature: Signature | None = signature_of(from_object)
    except (TypeError, ValueError):
        signature = None
    return Target(node, component.path, signature, declared_by(from_object))
