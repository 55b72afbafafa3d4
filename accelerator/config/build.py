"""From a config node to an object: the one place where a config makes something run.

`Builder.build` walks a node from the leaves up. Every mapping with a `_target_` becomes a call of that target: a bare
name is looked up in the registry of the kind where the node stands, a dotted path is judged by `trust`. Arguments are
checked against the target's signature before it is called. Hydra's `instantiate` resolves each target (once, in
`_resolve`), so that its own block list, and from 1.4 on its whitelist, stand behind ours.
"""

import functools
import inspect
import traceback
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf

from accelerator.components import Registry, is_bare_name
from accelerator.config.hydra_api import instantiate_options
from accelerator.config.trust import Trust
from accelerator.errors import AcceleratorError, ComponentError, ConfigError, Problem, did_you_mean

# Where a function may itself be the component: one whose arguments are not all given is called later, with the rest.
FUNCTION_KINDS = ("loss", "transform", "sample_transform", "collate")

OWN_KEYS = ("_target_", "_partial_", "_args_", "_convert_", "_recursive_")
_SCALARS = (bool, int, float, str)


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
        return self._build(plain, kind, key, args, given or {})

    def resolve(self, node: Mapping[str, Any], kind: str, key: str) -> tuple[str, Any]:
        """Return the dotted path and the object that a node's `_target_` names, without calling it."""
        name = node["_target_"]
        if not isinstance(name, str):
            raise self._error(f"{key}._target_", f"{name!r} is no name", "Write a component's name or a dotted path.")
        if is_bare_name(name) or "::" in name:
            try:
                component = self.registry.find(name, kind)
                return component.path, component.load()
            except ComponentError as error:
                raise self._error(f"{key}._target_", str(error), _NO_REMEDY) from error
        return name, self._import(name, key)

    def _build(self, node: Any, kind: str, key: str, args: Sequence[Any], given: Mapping[str, Any]) -> Any:
        if isinstance(node, list):
            return [self._build(item, kind, f"{key}[{place}]", (), given) for place, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if "_target_" not in node:
            return {name: self._build(item, kind, f"{key}.{name}", (), given) for name, item in node.items()}
        path, target = self.resolve(node, kind, key)
        recursive = node.get("_recursive_", True)
        values = {
            name: self._build(value, kind, f"{key}.{name}", (), given) if recursive else value
            for name, value in node.items()
            if name not in OWN_KEYS
        }
        args = [*args, *self._build(list(node.get("_args_", ())), kind, f"{key}._args_", (), given)]
        signature = _signature(target)
        is_partial = bool(node.get("_partial_"))
        if signature is not None:
            values.update(_given_for(signature, values, given))
            if kind in FUNCTION_KINDS and inspect.isfunction(target):
                is_partial = is_partial or bool(_left_out(signature, args, values))
            self._check_arguments(signature, args, values, key, path, partial=is_partial)
        if is_partial:
            return functools.partial(target, *args, **values)
        return self._call(target, args, values, key, path)

    def _import(self, path: str, key: str) -> Any:
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
                "Correct the path, or install what it needs.",
            ) from error
        refusal = self.trust.refuse_object(found, path)
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

    def _check_arguments(
        self,
        signature: inspect.Signature,
        args: Sequence[Any],
        values: Mapping[str, Any],
        key: str,
        path: str,
        *,
        partial: bool,
    ) -> None:
        parameters = signature.parameters
        by_name = {
            name for name, item in parameters.items() if item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)
        }
        takes_any = any(item.kind is item.VAR_KEYWORD for item in parameters.values())
        problems = [
            self._problem(
                f"{key}.{name}",
                f"{path} has no argument '{name}'. {did_you_mean(name, by_name)}",
                "Correct or remove it.",
            )
            for name in values
            if name not in by_name and not takes_any
        ]
        problems += [
            self._problem(key, f"{path} needs the argument '{name}'", f"Add {key}.{name}=… to the command or the file.")
            for name in (() if partial else _left_out(signature, args, values))
        ]
        problems += [
            self._problem(
                f"{key}.{name}", f"{path} takes {_type_text(allowed)} as '{name}', not {value!r}", "Correct the value."
            )
            for name, value in values.items()
            if (allowed := _scalar_types(parameters.get(name))) and not _fits(value, allowed)
        ]
        if problems:
            raise ConfigError(problems)

    def _problem(self, key: str, what: str, remedy: str) -> Problem:
        return Problem(key, what, remedy, self.source_of(key))

    def _error(self, key: str, what: str, remedy: str) -> ConfigError:
        return ConfigError(self._problem(key, what, remedy))


_NO_REMEDY = ""  # the text before already says what to do


def builder_for(registry: Registry, trust: Sequence[str], project_root: Path | None) -> Builder:
    """Return a builder whose policy is `trust` in the project at `project_root`."""
    return Builder(registry, Trust(tuple(trust), project_root, registry))


def _resolve(path: str) -> Any:
    """Let Hydra import a dotted path, so that its own rules apply too; the object itself is called by us."""
    options = instantiate_options([path])
    return instantiate({"_target_": path, "_partial_": True}, **options).func


def _signature(target: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(target, eval_str=True)
    except (TypeError, ValueError, NameError):  # built in C, or annotations that do not evaluate
        try:
            return inspect.signature(target)
        except (TypeError, ValueError):
            return None


def _left_out(signature: inspect.Signature, args: Sequence[Any], values: Mapping[str, Any]) -> list[str]:
    """Return the arguments that a call needs and does not have."""
    taken = {*list(signature.parameters)[: len(args)], *values}
    return [
        name
        for name, item in signature.parameters.items()
        if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD) and item.default is item.empty and name not in taken
    ]


def _given_for(signature: inspect.Signature, values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in signature.parameters and values.get(name) is None}


def _scalar_types(parameter: inspect.Parameter | None) -> tuple[type, ...]:
    """Return the scalar types that an annotation allows, or () when it allows something we cannot judge."""
    if parameter is None or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
        return ()
    annotation = parameter.annotation
    parts = typing.get_args(annotation) if typing.get_origin(annotation) in (typing.Union, UnionType) else (annotation,)
    if any(part not in (*_SCALARS, NoneType) and not _is_tensor(part) for part in parts):
        return ()
    if parameter.default is None:
        parts = (*parts, NoneType)
    return tuple(dict.fromkeys(part for part in parts if part in (*_SCALARS, NoneType)))


def _is_tensor(part: Any) -> bool:
    return getattr(part, "__name__", "") == "Tensor"


def _fits(value: Any, allowed: tuple[type, ...]) -> bool:
    if value is not None and not isinstance(value, _SCALARS):
        return type(value).__name__ == "Tensor"
    if isinstance(value, bool):
        return bool in allowed
    if isinstance(value, int) and float in allowed:
        return True
    return isinstance(value, allowed)


def _type_text(allowed: tuple[type, ...]) -> str:
    return " or ".join("null" if item is NoneType else item.__name__ for item in allowed)


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" (at {frames[-1].filename}:{frames[-1].lineno})" if len(frames) > 1 else ""
