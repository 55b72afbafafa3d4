"""Whether the parts of a config that are ours have the right form: keys, types, ranges, names where names belong."""

import functools
from collections.abc import Callable
from dataclasses import fields
from typing import Any, final

from omegaconf import DictConfig, ListConfig

from accelerator.components import Registry
from accelerator.config.compose import composition_of
from accelerator.config.hydra_api import ConfigFolders
from accelerator.config.key_paths import called_alike, paths_below
from accelerator.config.read import (
    Reader,
    is_mapping,
    is_node,
    join,
    long_form,
    raw,
)
from accelerator.config.schema import (
    ENTRIES,
    FREE,
    NODES,
    ORDER,
    SECTIONS,
    TRANSFORM_SPLITS,
    TRANSFORMS,
    OptimizerEntry,
    OptimizerNumbers,
    RootConfig,
    SchedulerEntry,
)
from accelerator.errors import nearest

_REQUIRED = ("model", "data", "task", "optimizer", "engine")


def check_forms(config: DictConfig, registry: Registry, reader: Reader) -> None:
    """Note every key that is unknown or missing, and every value of a wrong type or out of range."""
    _Forms(config, registry, reader).run()


@final
class _Forms:
    def __init__(self, config: DictConfig, registry: Registry, reader: Reader) -> None:
        self.config = config
        self.registry = registry
        self.reader = reader

    def run(self) -> None:
        for key in self.config:
            if key not in ORDER:
                self._unknown_top_level(str(key))
        self._required()
        self._sections()
        self._entries()
        self._optimizer_and_scheduler()
        for key in NODES:
            self._node(raw(self.config, key) if key in self.config else None, key, key)

    def _unknown_top_level(self, key: str) -> None:
        close = nearest(key, ORDER)
        meant = [close] if close else called_alike(key, (path for path in paths_below(self.config) if path != key))
        guess = f"Did you mean {' or '.join(map(repr, meant))}? " if meant else ""
        text = f"there is no such key at the top level. {guess}Known: {', '.join(ORDER)}"
        self.reader.add(key, text, f"Correct or remove it; values of your own stand below vars: +vars.{key}=…")

    def _required(self) -> None:
        for key in _REQUIRED:
            if key not in self.config or raw(self.config, key) is None:
                options = self._options(key)
                example = options[-1] if options else "NAME"
                text = f"nothing is chosen. Known: {', '.join(options)}" if options else "nothing is chosen"
                self.reader.add(
                    key, text, f"Add {key}={example} to the command, or choose an experiment: experiment=NAME"
                )

    def _options(self, key: str) -> list[str]:
        composition = composition_of(self.config)
        if composition is None:
            return [item.name for item in self.registry.of_kind(key)]
        return ConfigFolders(composition.sources).options(key)

    def _sections(self) -> None:
        self.reader.read(RootConfig, self.config, "", others=True)
        for key, cls in SECTIONS.items():
            if key in self.config:
                self.reader.read(cls, raw(self.config, key), key)
        for key in FREE:
            self.reader.names(raw(self.config, key) if key in self.config else None, key)
        self._parameter_groups()

    def _parameter_groups(self) -> None:
        key = "parameter_groups"
        groups = raw(self.config, key) if key in self.config else None
        for name in self.reader.names(groups, key):
            group = raw(groups, name)
            if not is_mapping(group) or "match" not in group:
                self.reader.add(
                    join(key, name), "must be a mapping with match: a pattern, or a list of them", value=group
                )
                continue
            match = raw(group, "match")
            patterns = list(match) if isinstance(match, list | ListConfig) else [match]
            if not patterns or not all(isinstance(item, str) and item for item in patterns):
                self.reader.add(f"{key}.{name}.match", "must be a pattern of names, or a list of them", value=match)

    def _entries(self) -> None:
        for key, cls in ENTRIES.items():
            self._mapping(key, functools.partial(self._entry, cls))
        self._mapping("callback", functools.partial(self._node, kind="callback"))
        for key in TRANSFORMS:
            self._transforms(key)

    def _transforms(self, kind: str) -> None:
        node = raw(self.config, kind) if kind in self.config else None
        for split in self.reader.names(node, kind):
            if split not in TRANSFORM_SPLITS:
                self.reader.add_unknown(kind, split, list(TRANSFORM_SPLITS))
                continue
            transforms = raw(node, split)
            for name in self.reader.names(transforms, join(kind, split)):
                self._node(raw(transforms, name), f"{kind}.{split}.{name}", kind)

    def _mapping(self, key: str, check: Callable[[Any, str], None]) -> None:
        node = raw(self.config, key) if key in self.config else None
        if is_node(node):
            remedy = f"Put the node below a name: {key}: {{a_name: {{_target_: …}}}}"
            self.reader.add(f"{key}._target_", "stands where names belong", remedy, value=raw(node, "_target_"))
            return
        for name in self.reader.names(node, key):
            check(raw(node, name), join(key, name))

    def _entry(self, cls: type, node: Any, key: str) -> None:
        if _is_interpolation(node):
            return
        entry = long_form(cls, node)
        self.reader.read(cls, entry, key)

    def _optimizer_and_scheduler(self) -> None:
        optimizer = raw(self.config, "optimizer") if "optimizer" in self.config else None
        if is_node(optimizer):
            self._optimizer(optimizer, "optimizer")
        else:
            for name in self.reader.names(optimizer, "optimizer"):
                entry = raw(optimizer, name)
                self._entry(OptimizerEntry, entry, join("optimizer", name))
                node = raw(entry, "optimizer") if is_mapping(entry) and "optimizer" in entry else entry
                self._optimizer(node, join("optimizer", name) + ".optimizer" * (node is not entry))
        scheduler = raw(self.config, "scheduler") if "scheduler" in self.config else None
        if scheduler is not None:
            self._entry(SchedulerEntry, scheduler, "scheduler")

    def _optimizer(self, node: Any, key: str) -> None:
        """Note numbers out of range; whether it is a number at all is for the optimizer's signature to say."""
        names = [item.name for item in fields(OptimizerNumbers)] if is_node(node) else []
        given = {name: raw(node, name) for name in names if name in node}
        self.reader.read(OptimizerNumbers, {name: value for name, value in given.items() if _is_number(value)}, key)

    def _node(self, node: Any, key: str, kind: str) -> None:
        if node is None or is_node(node) or _is_interpolation(node):
            return
        remedy = f"Write {key}: {{_target_: {node}}}" if isinstance(node, str) else ""
        self.reader.add(key, f"must be a component: a mapping with _target_ that names a {kind}", remedy, value=node)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_interpolation(node: Any) -> bool:
    return isinstance(node, str) and "${" in node
