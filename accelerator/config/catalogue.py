"""What can be named in a config: every component and every config, each with a line that says what it is.

Nothing is imported for it: descriptions are read from sources and from the heads of config files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from accelerator.components import KINDS, Component, Registry, is_bare_name
from accelerator.config.groups import GroupConfig, configs_of
from accelerator.config.project import Project, search_path
from accelerator.config.signatures import read_signature
from accelerator.errors import ConfigError

_WITHOUT_COMPONENT = ("experiment", "pipeline", "debug", "paths", "launch")
GROUPS = (*KINDS, *_WITHOUT_COMPONENT)


@dataclass(frozen=True)
class Item:
    """One component, or one config, or both: the config `model/resnet8` builds the component `resnet8`."""

    kind: str
    name: str
    description: str = ""
    package: str = ""
    """The distribution that declares it; `project` or `accelerator` for a config without a component of its own."""
    config: str | None = None
    """What chooses it: the name in `model=NAME`."""
    target: str | None = None
    """`package.module:Class`."""
    component: Component | None = field(default=None, compare=False, repr=False)
    file: GroupConfig | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return it as `configure list --json` prints it."""
        return {name: value for name, value in asdict(self).items() if name not in ("component", "file")}


def catalogue(project: Project, registry: Registry, kinds: Iterable[str] = GROUPS) -> tuple[Item, ...]:
    """Return all there is of some kinds, kind by kind, sorted by name."""
    sources = search_path(project, registry)
    places = project.module_folders
    found = []
    for kind in kinds:
        components = registry.of_kind(kind) if kind in KINDS else ()
        configs = configs_of(kind, sources)
        found += sorted(_of_kind(kind, components, configs, places), key=lambda item: (item.name, item.package))
    return tuple(found)


def _of_kind(
    kind: str, components: Sequence[Component], configs: Sequence[GroupConfig], places: Sequence[Any]
) -> Iterable[Item]:
    by_target: dict[str, GroupConfig] = {}
    broken = {config: reason for config in configs if (reason := _why_unreadable(config))}
    for config in configs:
        if config in broken:
            continue
        name = _target_of(kind, config)
        if name not in by_target or config.name == name:
            by_target[name] = config
    used = set()
    for component in components:
        own = by_target.get(component.name)
        used.add(own)
        signature = read_signature(component.target, search=places)
        first = (signature.docstring or "").strip().partition("\n")[0] if signature else ""
        description = first or (own.description if own else "")
        config_name = own.name if own else None
        yield Item(
            kind, component.name, description, component.distribution, config_name, component.target, component, own
        )
    for config in configs:
        if config not in used:
            description = broken.get(config) or config.description
            yield Item(kind, config.name, description, config.provider, config.name, None, None, config)


def _why_unreadable(config: GroupConfig) -> str:
    """Return what is wrong with a file, "" when nothing is: one file that is broken hides none of the others."""
    try:
        _ = config.content
    except ConfigError as error:
        return f"broken: {error}"
    return ""


def _target_of(kind: str, config: GroupConfig) -> str:
    """Return the component that a config builds, also in the long form `{l1: {loss: …}}`; "" for none, or a path."""
    target = _first_target(config.content, (config.name, kind))
    return target.rpartition("::")[2].rpartition(":")[2] if is_bare_name(target) else ""


def _first_target(node: Any, keys: Sequence[str]) -> str:
    if not isinstance(node, dict):
        return ""
    if isinstance(node.get("_target_"), str):
        return str(node["_target_"])
    return next((found for key in keys if (found := _first_target(node.get(key), keys))), "")
