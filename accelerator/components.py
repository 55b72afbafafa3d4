"""What can be named in a config: components, found through entry points, imported only when used.

A component is an object of a *kind* (`model`, `loss`, …). A distribution declares it as an entry point in the
group `accelerator.<kind>`; ours stand in our own `pyproject.toml` in the same way, and the `pyproject.toml` of
the user's project is read as if it were installed. Listing reads text files only: looking up one name imports
one module.

A name in a config is written `resnet18`, or `model:resnet18` for another kind than the one expected, or
`package::resnet18` (also `package::model:resnet18`) where two distributions declare the same name.
"""

import importlib
import logging
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from accelerator.discovery.declaration import GROUP_PREFIX
from accelerator.discovery.installed import installed_declarations
from accelerator.errors import (
    TRACEBACK_VARIABLE,
    ComponentError,
    ConfigError,
    Problem,
    did_you_mean,
    nearest,
    with_article,
)

KINDS = (
    "model",
    "data",
    "collate",
    "sampler",
    "sample_transform",
    "transform",
    "task",
    "loss",
    "metric",
    "optimizer",
    "scheduler",
    "callback",
    "engine",
    "tracking",
    "pipeline_step",
)
CONFIG_GROUP = "configs"
PROJECT = "this project"
NOTEBOOK = "this session"

_MARK = "__accelerator_component__"
_log = logging.getLogger(__name__)
_Marked = TypeVar("_Marked", bound=Callable[..., Any])


@dataclass(frozen=True)
class Component:
    """One declared component: where its object is, and which distribution declares it."""

    kind: str
    name: str
    target: str
    """`package.module:attribute`, as in the entry point."""
    distribution: str
    given: Any = field(default=None, compare=False, repr=False)
    """The object itself, for a component made in this session with `@component`."""

    @property
    def path(self) -> str:
        """The dotted path of the object, as `_target_` writes it."""
        return self.target.replace(":", ".")

    def load(self) -> Any:
        """Import the module and return the object.

        Raises:
            ComponentError: the module does not import, or lacks the attribute; names the distribution.
        """
        if self.given is not None:
            return self.given
        module_name, _, attribute = self.target.partition(":")
        try:
            found = importlib.import_module(module_name)
            for part in attribute.split("."):
                found = getattr(found, part)
        except (Exception, SystemExit) as error:  # the border to a stranger's package: whatever it raises, name it
            _log.debug("%s '%s' of %s does not import", self.kind, self.name, self.distribution, exc_info=error)
            raise ComponentError(
                f"{self.kind} '{self.name}' of {self.distribution} ({self.target}) does not import: "
                f"{type(error).__name__}: {error}. Repair or update {self.distribution}, or choose another "
                f"{self.kind}; {TRACEBACK_VARIABLE}=1 shows the traceback."
            ) from error
        return found


def component(kind: str, name: str | None = None) -> Callable[[_Marked], _Marked]:
    """Mark a class or function as a component of `kind`, for notebooks and tests.

    The mark alone registers nothing: hand the object to `Context.from_config(..., components=[MyModel])` or
    `run(..., components=[MyModel])`. In a package or a project, declare an entry point instead.

    Example:
        >>> @component("loss", "double_l1")
        ... def double_l1(prediction, target):
        ...     return 2 * (prediction - target).abs().mean()

    Raises:
        ComponentError: `kind` is none of ours.
    """
    check_kind(kind)

    def mark(marked: _Marked) -> _Marked:
        setattr(marked, _MARK, (kind, name or _snake_case(marked.__name__)))
        return marked

    return mark


@dataclass(frozen=True)
class Registry:
    """All declared components. Made by `discover`, never changed: `with_marked` gives a new one."""

    declared: tuple[Component, ...]

    @classmethod
    def discover(cls, project_root: Path | None = None) -> "Registry":
        """Read the entry points of all installed distributions and of the project's `pyproject.toml`."""
        found = [Component(*item) for item in installed_declarations()]
        if project_root is not None:
            own = list(_of_project(project_root))
            names = {_canonical(item.distribution) for item in own}  # what was installed of the project may be older
            found = [item for item in found if _canonical(item.distribution) not in names] + own
        return cls(tuple(found))

    def with_marked(self, marked: Iterable[Any]) -> "Registry":
        """Return a registry that also has the objects marked by `@component`; they win over declared names.

        Raises:
            ComponentError: an object has no mark.
        """
        added = []
        for item in marked:
            mark = getattr(item, "__dict__", {}).get(_MARK)  # its own: a subclass is another component
            if mark is None:
                raise ComponentError(
                    f"{item!r} is not marked as a component. Write @component(kind, name) above its definition."
                )
            kind, name = mark
            added.append(Component(kind, name, f"{item.__module__}:{item.__qualname__}", NOTEBOOK, item))
        names = {(item.kind, item.name) for item in added}
        kept = tuple(item for item in self.declared if (item.kind, item.name) not in names)
        return Registry(kept + tuple(added))

    def of_kind(self, kind: str) -> tuple[Component, ...]:
        """Return the components of one kind, sorted by name."""
        check_kind(kind)
        return tuple(sorted((item for item in self.declared if item.kind == kind), key=lambda item: item.name))

    def config_packages(self) -> tuple[Component, ...]:
        """Return what is declared in the group `accelerator.configs`, packages that hold a folder, by distribution.

        The order decides whose config counts where two plugins have one of the same name: so it is that of their
        names, not that of a folder's listing.
        """
        found = [item for item in self.declared if item.kind == CONFIG_GROUP]
        return tuple(sorted(found, key=lambda item: (_canonical(item.distribution), item.name)))

    def find(self, name: str, kind: str) -> Component:
        """Return the component that `name` means where a component of `kind` is expected.

        Raises:
            ComponentError: no such name (the nearest ones are given), or more than one distribution declares it.
        """
        distribution, kind, bare = _parse_name(name, kind)
        same_name = [item for item in self.of_kind(kind) if item.name == bare]
        found = [item for item in same_name if not distribution or _canonical(item.distribution) == distribution]
        if len(found) == 1:
            return found[0]
        if not found:
            raise ComponentError(self._unknown(kind, bare, distribution, same_name))
        owners = sorted({item.distribution for item in found})
        raise ComponentError(
            f"{kind} '{bare}' is declared by {_and(owners)}. "
            f"Choose one: {' or '.join(f'{owner}::{bare}' for owner in owners)}."
        )

    def _unknown(self, kind: str, name: str, distribution: str, same_name: list[Component]) -> str:
        if same_name:
            owners = sorted({item.distribution for item in same_name})
            by_name = {_canonical(owner): owner for owner in owners}
            close = nearest(distribution, by_name)
            meant = [by_name[close]] if close else owners
            return (
                f"{distribution} declares no {kind} '{name}'; {_and(owners)} {'does' if len(owners) == 1 else 'do'}. "
                f"Write {' or '.join(f'{owner}::{name}' for owner in meant)}."
            )
        choices = [item.name for item in self.of_kind(kind)]
        other = [item.kind for item in self.declared if item.name == name and item.kind in KINDS]
        hint = (
            f" There is {with_article(other[0])} of that name: write {other[0]}:{name} if that is meant."
            if other
            else ""
        )
        return f"There is no {kind} '{name}'. {did_you_mean(name, choices)}{hint}"


def is_bare_name(target: str) -> bool:
    """Tell whether a `_target_` is to be looked up here (`resnet18`) rather than imported (`torch.nn.Linear`)."""
    return "." not in target.rpartition("::")[2]


def check_kind(kind: str) -> None:
    """Raise ComponentError when `kind` is none of ours."""
    if kind not in KINDS:
        raise ComponentError(f"There is no kind of component '{kind}'. {did_you_mean(kind, KINDS, most=len(KINDS))}")


def _parse_name(name: str, kind: str) -> tuple[str, str, str]:
    distribution, _, rest = name.rpartition("::")
    other_kind, _, bare = rest.rpartition(":")
    kind = other_kind or kind
    check_kind(kind)
    return _canonical(distribution), kind, bare


def _of_project(root: Path) -> Iterator[Component]:
    path = root / "pyproject.toml"
    if not path.is_file():
        return
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(Problem("", f"is not valid TOML: {error}", "Repair the file.", str(path))) from error
    project = _table(declared, "project", path)
    groups = _table(project, "entry-points", path)
    for group in groups:
        if group.startswith(GROUP_PREFIX):
            for name, target in _table(groups, group, path).items():
                if not isinstance(target, str):
                    raise ConfigError(
                        Problem(name, "must be a text: package.module:Name", "Repair the file.", str(path))
                    )
                distribution = str(project.get("name", PROJECT))
                yield Component(group.removeprefix(GROUP_PREFIX), name, target.replace(" ", ""), distribution)


def _table(declared: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    table = declared.get(key, {})
    if not isinstance(table, dict):
        raise ConfigError(Problem(key, "must be a table", "Repair the file.", str(path)))
    return table


def _canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _and(names: Iterable[str]) -> str:
    return " and ".join(sorted(set(names)))
