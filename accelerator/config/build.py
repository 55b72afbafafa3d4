"""From a config node to an object: the one place where a config makes something run.

`Builder.build` walks a node from the leaves up. Every mapping with a `_target_` becomes a call of that target: a bare
name is looked up in the registry of the kind where the node stands, a dotted path is judged by `trust`. Arguments are
checked against the target's signature before it is called. Hydra's `instantiate` resolves each target (once, in
`_resolve`), so that its own block list, and from 1.4 on its whitelist, stand behind ours.
"""

import functools
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf

from accelerator.components import Registry, is_bare_name
from accelerator.config.arguments import Call, argument_problems, is_called_later
from accelerator.config.component_nodes import OWN_KEYS
from accelerator.config.hydra_api import instantiate_options
from accelerator.config.nearest_path import guess_path
from accelerator.config.project import Project
from accelerator.config.signatures import Signature, signature_of
from accelerator.config.trust import Trust
from accelerator.errors import AcceleratorError, ComponentError, ConfigError, Problem, in_one_line


@dataclass(frozen=True)
class Builder:
    """Builds nodes of one config under one registry and one policy."""

    registry: Registry
    trust: Trust
    source_of: Callable[[str], str] = field(default=lambda key: "")
    """Config path -> where it was set (`configs/a.yaml:7`), for messages."""

    def build(self, node: Any, kind: str, key: str = "", *args: Any, given: Mapping[str, Any] | None = None) -> Any:
        """Build the object that `node` describes.

        Args:
            node: a config node, or a plain value (returned as it is).
            kind: the kind whose registry bare names are looked up in; nested nodes take it over.
            key: the node's config path, for messages.
            args: leading positional arguments of the outermost target (an optimizer's parameters).
            given: arguments by name for this and every nested target whose signature has them and whose node leaves
                them out or null.

        Raises:
            ConfigError: the target is unknown or not trusted, an argument is missing, unknown or of a wrong type, or
                the target refuses its arguments.
        """
        plain = OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig | ListConfig) else node
        problems = list(self._untrusted(plain, key))
        if problems:
            raise ConfigError(problems)
        return self._build(plain, kind, key, args, given or {}, is_outermost=True)

    def resolve(self, node: Mapping[str, Any], kind: str, key: str, *, nested: bool = True) -> tuple[str, Any]:
        """Return the dotted path and the object that a node's `_target_` names, without calling it.

        Where the node is not `nested`, the object must fit its kind.
        """
        name = node["_target_"]
        if not isinstance(name, str):
            raise self._error(f"{key}._target_", f"{name!r} is no name", "Write a component's name or a dotted path.")
        if is_bare_name(name) or "::" in name:
            try:
                component = self.registry.find(name, kind)
                return component.path, component.load()
            except ComponentError as error:
                raise self._error(f"{key}._target_", str(error), _NO_REMEDY) from error
        return name, self._import(name, key, "" if nested else kind)

    def _untrusted(self, node: Any, key: str) -> Iterator[Problem]:
        """Yield a problem for each dotted path at and below a node that may not be imported, before one is."""
        if isinstance(node, list):
            for place, item in enumerate(node):
                yield from self._untrusted(item, f"{key}[{place}]")
        if not isinstance(node, dict):
            return
        name = node.get("_target_")
        if isinstance(name, str) and "::" not in name and not is_bare_name(name):
            refusal = self.trust.refuse_path(name)
            if refusal:
                yield self._problem(f"{key}._target_", refusal, _NO_REMEDY)
        for part, item in node.items():
            yield from self._untrusted(item, f"{key}.{part}")

    def _build(
        self,
        node: Any,
        kind: str,
        key: str,
        args: Sequence[Any],
        given: Mapping[str, Any],
        is_outermost: bool = False,
    ) -> Any:
        if isinstance(node, list):
            return [self._build(item, kind, f"{key}[{place}]", (), given) for place, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if "_target_" not in node:
            return {name: self._build(item, kind, f"{key}.{name}", (), given) for name, item in node.items()}
        path, target = self.resolve(node, kind, key, nested=not is_outermost)
        recursive = node.get("_recursive_", True)
        values = {
            name: self._build(value, kind, f"{key}.{name}", (), given) if recursive else value
            for name, value in node.items()
            if name not in OWN_KEYS
        }
        listed = node.get("_args_", [])
        if not isinstance(listed, list):
            raise self._error(f"{key}._args_", f"must be a list, not {listed!r}", "Write a list of the arguments.")
        args = [*args, *self._build(listed, kind, f"{key}._args_", (), given)]
        signature = signature_or_none(target)
        is_partial = bool(node.get("_partial_"))
        if signature is not None:
            values.update(_given_for(signature, values, given))
            call = Call(key, path, values, len(args), is_partial=is_partial)
            call = replace(call, is_partial=is_partial or is_called_later(kind, signature, call))
            problems = argument_problems(call, signature, self.source_of)
            if problems:
                raise ConfigError(problems)
            is_partial = call.is_partial
        if is_partial:
            return functools.partial(target, *args, **values)
        return self._call(target, args, values, key, path)

    def _import(self, path: str, key: str, kind: str) -> Any:
        refusal = self.trust.refuse_path(path)
        if refusal:
            raise self._error(f"{key}._target_", refusal, _NO_REMEDY)
        try:
            found = _resolve(path)
        except Exception as error:  # whatever a stranger's module raises on import: name it
            if "blocklist" in str(error):
                refusal = f"'{path}' is not trusted: it is on Hydra's list of what no config may call"
                raise self._error(f"{key}._target_", refusal, "Remove it.") from error
            raise self._error(
                f"{key}._target_",
                f"'{path}' does not import: {_innermost(error)}",
                f"{self._guess(path)}Correct the path, or install what it needs.",
            ) from error
        judged = found.func if isinstance(found, functools.partial) else found
        refusal = self.trust.refuse_object(judged, path, kind)
        if refusal:
            raise self._error(f"{key}._target_", refusal, _NO_REMEDY)
        return found

    def _call(self, target: Any, args: Sequence[Any], values: dict[str, Any], key: str, path: str) -> Any:
        try:
            return target(*args, **values)
        except AcceleratorError:
            raise
        except Exception as error:  # the border to a component: whatever its constructor raises, say whose it is
            raise self._error(
                key,
                f"{path} could not be built: {_innermost(error)}{_place(error)}",
                "Change its arguments in the config, or repair the component.",
            ) from error

    def _guess(self, path: str) -> str:
        root = self.trust.project_root
        return guess_path(path, () if root is None else Project(root).module_folders)

    def _problem(self, key: str, what: str, remedy: str) -> Problem:
        return Problem(key, what, remedy, self.source_of(key))

    def _error(self, key: str, what: str, remedy: str) -> ConfigError:
        return ConfigError(self._problem(key, what, remedy))


_NO_REMEDY = ""  # the text before already says what to do


def builder_for(
    registry: Registry, trust: Sequence[str], project_root: Path | None, run_folder: Path | None = None
) -> Builder:
    """Return a builder whose policy is `trust` in the project at `project_root`; `run_folder`: whose config it is."""
    return Builder(registry, Trust(tuple(trust), project_root, registry, run_folder))


def _resolve(path: str) -> Any:
    """Let Hydra import a dotted path, so that its own rules apply too; the object itself is called by us."""
    options = instantiate_options([path])
    found: functools.partial[Any] = instantiate({"_target_": path, "_partial_": True}, **options)
    is_itself_partial = found.args or found.keywords  # of the two, Python has made one
    return found if is_itself_partial else found.func


def signature_or_none(target: Any) -> Signature | None:
    """Return the signature of an imported object; None for what Python knows none of (some extensions)."""
    try:
        return signature_of(target)
    except (TypeError, ValueError):
        return None


def _given_for(signature: Signature, values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    named = signature.named()
    return {name: value for name, value in given.items() if name in named and values.get(name) is None}


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return in_one_line(error)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" (at {frames[-1].filename}:{frames[-1].lineno})" if len(frames) > 1 else ""
