"""`accelerator add --check`: what a project's configs say of a component that its signature says no more.

Each node with a `_target_` below `configs/<kind>/` is compared with the signature of today, read from source where
that is possible. Told are: an argument that is gone, one that must be given now, and a comment (`width: 32 # int = 32`)
whose type or default is another one now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from accelerator.components import KINDS, Registry, is_bare_name
from accelerator.config.build import Builder, builder_for
from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.config.signatures import Parameter, Signature, read_signature, signature_of
from accelerator.errors import AcceleratorError, ConfigError, Problem, did_you_mean
from accelerator.scaffold.add_nodes import TARGET, ConfigNode, NodeComment, config_nodes
from accelerator.scaffold.add_parameters import FACTS, comment_of, config_parameters, is_same_code

COMMAND = "accelerator add --check"


@dataclass(frozen=True)
class Drift:
    """How many component nodes were looked at, and what of them is out of date."""

    num_nodes: int
    problems: tuple[Problem, ...]


def add_check(project: Project) -> Drift:
    """Compare every component node of the project's configs with the signature of its target.

    Raises:
        InputError: a config is no YAML.
        ConfigError: the project's main config, which says what is trusted, does not compose.
    """
    project.put_on_path()
    signatures = _Signatures(project, Registry.discover(project.root))
    files = [(kind, path) for kind in KINDS for path in sorted((project.configs / kind).glob("*.yaml"))]
    nodes = [node for kind, path in files for node in config_nodes(kind, path, COMMAND)]
    found = [problem for node in nodes for problem in _Comparison(node, signatures, project).problems()]
    return Drift(len(nodes), tuple(found))


@dataclass(frozen=True)
class _Signatures:
    """Tells the signature of a target; a module is imported only where its source does not tell."""

    project: Project
    registry: Registry

    def of(self, node: ConfigNode) -> tuple[str, Signature | None]:
        """Return the target's full path and its signature; None where not even Python knows it.

        Raises:
            AcceleratorError: there is no such component, it is not trusted, or does not import.
        """
        path = node.target
        if is_bare_name(path) or "::" in path:
            path = self.registry.find(path, node.kind).path
        read = read_signature(path, search=self.project.module_folders)
        if read is not None:
            return path, read
        _, found = self._builder.resolve({TARGET: node.target}, node.kind, node.key)
        try:
            return path, signature_of(found)
        except (TypeError, ValueError):
            return path, None

    @cached_property
    def _builder(self) -> Builder:
        trust = compose(project=self.project, registry=self.registry).trust
        return builder_for(self.registry, tuple(trust), self.project.root)


class _Comparison:
    """One node beside the signature of its target."""

    def __init__(self, node: ConfigNode, signatures: _Signatures, project: Project) -> None:
        self._node = node
        self._shown = node.path.relative_to(project.root).as_posix()
        self._signatures = signatures

    def problems(self) -> Iterator[Problem]:
        """Give what is out of date in the node."""
        if "${" in self._node.target:  # said by another key, at a time of its own
            return
        try:
            path, signature = self._signatures.of(self._node)
        except AcceleratorError as error:
            what = error.problems[0].what if isinstance(error, ConfigError) else str(error)
            yield self._problem(TARGET, self._node.line, what, "")
            return
        if signature is not None:
            yield from self._gone(path, signature)
            yield from self._missing(path, signature)
            yield from self._outdated(path, signature)

    def _gone(self, path: str, signature: Signature) -> Iterator[Problem]:
        if signature.takes_any_keyword:
            return
        known = signature.named()
        for name, key in self._node.arguments.items():
            if name not in known:
                what = f"{path} has no argument '{name}' any more. {did_you_mean(name, known)}"
                yield self._problem(name, key.line, what, "Rename or remove the line.")
        for comment in self._node.comments:
            if comment.said.name not in known and not comment.is_given:
                what = f"{path} has no argument '{comment.said.name}' any more, which this comment tells of"
                yield self._problem(comment.said.name, comment.line, what, "Remove the line.")

    def _missing(self, path: str, signature: Signature) -> Iterator[Problem]:
        parameters = config_parameters(signature, self._node.kind)
        by_position = {item.name for item in parameters[: self._node.num_positional]}
        if self._node.is_partial:
            return
        for item in parameters:
            if item.is_required and item.is_named and item.name not in {*by_position, *self._node.arguments}:
                value = "null" if self._node.kind == "model" and item.name in FACTS else "???"
                yield self._problem(
                    item.name,
                    self._node.line,
                    f"{path} needs the argument '{item.name}' now",
                    f"Add the line {item.name}: {value} # {comment_of(item)}",
                )

    def _outdated(self, path: str, signature: Signature) -> Iterator[Problem]:
        known = signature.named()
        for comment in self._node.comments:
            item = known.get(comment.said.name)
            if item is not None and not _agrees(comment, item) and (comment.is_given or not item.is_required):
                was = comment_of(Parameter(item.name, item.kind, comment.said.annotation or None, comment.said.default))
                yield self._problem(
                    item.name,
                    comment.line,
                    f"{path} has '{comment_of(item)}' for it now, and the comment says '{was}'",
                    f"Write # {comment_of(item)} there, after a look at whether the value still fits.",
                )

    def _problem(self, name: str, line: int, what: str, remedy: str) -> Problem:
        key = f"{self._node.key}.{name}" if self._node.key else name
        return Problem(key, what, remedy, f"{self._shown}:{line}")


def _agrees(comment: NodeComment, item: Parameter) -> bool:
    """Tell whether a comment says what the signature says. A default that Python can only show is not compared."""
    said = comment.said
    if not is_same_code(said.annotation, item.annotation or ""):
        return False
    if said.default is None or item.default is None:
        return said.default == item.default
    return item.default.startswith("<") or is_same_code(said.default, item.default)
