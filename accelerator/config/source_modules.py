"""Modules as their source says, without importing any of them."""

import ast
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

_PACKAGE_FILE = "__init__.py"
_MOST_HOPS = 20
"""More re-exports than that in a row are a circle."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class SourceModule:
    """One module's source, parsed."""

    name: str
    path: Path
    tree: ast.Module
    search: tuple[Path, ...]

    @property
    def package(self) -> str:
        """The package that its relative imports start from."""
        return self.name if self.path.name == _PACKAGE_FILE else self.name.rpartition(".")[0]


@dataclass(frozen=True, eq=False)
class Defined:
    """A class or function, and the module whose source defines it."""

    node: Definition
    module: SourceModule

    @property
    def full_name(self) -> str:
        """`package.module.Class`, where it is defined."""
        return f"{self.module.name}.{self.node.name}"


def find_definition(target: str, search: Sequence[Path] = ()) -> Defined | None:
    """Return the class or function that a dotted path names, following re-exports; None when source does not tell.

    Args:
        target: `package.module.Class`.
        search: folders to look in before `sys.path`.
    """
    places = tuple(search)
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = read_module(".".join(parts[:length]), places)
        if module is not None:
            names = parts[length:]
            return _definition(module, names[0], 0) if len(names) == 1 else _attribute(module, names, 0)
    return None


def resolve(module: SourceModule, expression: ast.expr) -> Defined | None:
    """Return what a name, or names joined by dots, stands for at the top level of a module."""
    names = _dotted(expression)
    if not names:
        return None
    return _definition(module, names[0], 0) if len(names) == 1 else _attribute(module, names, 0)


def full_name_of(module: SourceModule, expression: ast.expr) -> str:
    """Return the full name of what an expression names: where it is defined, or as its import says; "" if neither."""
    found = resolve(module, expression)
    if found is not None:
        return found.full_name
    names = _dotted(expression)
    if not names:
        return ""
    imported = _imported_as(module, names[0])
    return ".".join([imported or names[0], *names[1:]])


def read_module(name: str, search: tuple[Path, ...] = ()) -> SourceModule | None:
    """Return a module's parsed source; None when it has none (an extension, a namespace) or cannot be parsed."""
    path = _find_file(name, search)
    return None if path is None else _parse(name, path, search, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _parse(name: str, path: Path, search: tuple[Path, ...], _time: int) -> SourceModule | None:
    try:
        return SourceModule(name, path, ast.parse(path.read_bytes()), search)
    except (OSError, SyntaxError, ValueError, RecursionError):  # importing it will say what is wrong
        return None


def _find_file(name: str, search: tuple[Path, ...]) -> Path | None:
    top, *rest = name.split(".")
    spec = _find_top(top, search)
    if spec is None:
        return None
    if not rest:
        return _python_file(spec.origin)
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    for part in rest[:-1]:
        folders = [folder / part for folder in folders if (folder / part).is_dir()]
    for folder in folders:
        for candidate in (folder / rest[-1] / _PACKAGE_FILE, folder / f"{rest[-1]}.py"):
            if candidate.is_file():
                return candidate
    return None


def _find_top(name: str, search: tuple[Path, ...]) -> ModuleSpec | None:
    """Find a top-level package: that imports nothing."""
    try:
        found = PathFinder.find_spec(name, [str(folder) for folder in search]) if search else None
        return found or importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # no name of a module; one that is imported without a spec
        return None


def _python_file(origin: str | None) -> Path | None:
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _attribute(module: SourceModule, names: Sequence[str], hops: int) -> Defined | None:
    """Return `a.b.C` at the top level of a module: through submodules that are imported there."""
    imported = _imported_as(module, names[0])
    if imported is None and module.path.name == _PACKAGE_FILE:
        imported = f"{module.name}.{names[0]}"
    if imported is None or hops > _MOST_HOPS:
        return None
    inner = read_module(".".join([imported, *names[1:-1]]), module.search)
    return None if inner is None else _definition(inner, names[-1], hops + 1)


def _definition(module: SourceModule, name: str, hops: int) -> Defined | None:
    """Return what a name is bound to at the top level of a module; None when that takes running it."""
    if hops > _MOST_HOPS:
        return None
    found = [item for item in _statements(module.tree.body) if name in _bound(item)]
    if len(found) > 1 and not all(isinstance(item, ast.FunctionDef) for item in found[:-1]):
        return None  # which of them counts depends on what runs
    if not found:
        return _through_stars(module, name, hops)
    statement = found[-1]
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return Defined(statement, module)
    if isinstance(statement, ast.ImportFrom):
        (original,) = (item.name for item in statement.names if (item.asname or item.name) == name)
        source = read_module(_source_of(module, statement), module.search)
        return None if source is None else _definition(source, original, hops + 1)
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        names = _dotted(statement.value)
        if len(names) == 1 and names[0] != name:
            return _definition(module, names[0], hops + 1)
        return _attribute(module, names, hops + 1) if names else None
    return None


def _through_stars(module: SourceModule, name: str, hops: int) -> Defined | None:
    for statement in reversed(list(_statements(module.tree.body))):
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            source = read_module(_source_of(module, statement), module.search)
            found = None if source is None else _definition(source, name, hops + 1)
            if found is not None:
                return found
    return None


def full_names(target: str, bases: Sequence[str], search: Sequence[Path] = ()) -> tuple[str, ...] | None:
    """Return the full names of a class and of those above it; None where the source of one does not tell its own."""
    found = [find_definition(target, search), *(find_definition(name, search) for name in bases)]
    names = tuple(item.full_name for item in found if item is not None)
    return names if len(names) == len(found) and names[1:] == tuple(bases) else None


def names_in(module: SourceModule, hops: int = 0) -> set[str]:
    """Return the public names at the top level of a module: what it defines and imports, also by `*`, and modules."""
    found: set[str] = set()
    for statement in _statements(module.tree.body):
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            source = read_module(_source_of(module, statement), module.search)
            found |= names_in(source, hops + 1) if source is not None and hops < _MOST_HOPS else set()
        else:
            found |= _bound(statement)
    if module.path.name == _PACKAGE_FILE:
        found |= {path.stem for path in module.path.parent.iterdir() if path.suffix == ".py" or _is_package(path)}
    return {name for name in found if not name.startswith("_")}


def _is_package(path: Path) -> bool:
    return (path / _PACKAGE_FILE).is_file()


def _imported_as(module: SourceModule, name: str) -> str | None:
    """Return the full name of what an import binds to a name."""
    for statement in _statements(module.tree.body):
        if isinstance(statement, ast.Import):
            for item in statement.names:
                if item.asname == name:
                    return item.name
                if item.asname is None and item.name.partition(".")[0] == name:
                    return name
        if isinstance(statement, ast.ImportFrom):
            for item in statement.names:
                if (item.asname or item.name) == name:
                    return f"{_source_of(module, statement)}.{item.name}"
    return None


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module's top level, also those below `if` and `try`."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _statements([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            handlers = [inner for handler in statement.handlers for inner in handler.body]
            yield from _statements([*statement.body, *statement.orelse, *statement.finalbody, *handlers])
        else:
            yield statement


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {statement.name}
    if isinstance(statement, ast.ImportFrom):
        return {item.asname or item.name for item in statement.names}
    if isinstance(statement, ast.Assign):
        return {item.id for item in statement.targets if isinstance(item, ast.Name)}
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return {statement.target.id}
    return set()


def _source_of(module: SourceModule, statement: ast.ImportFrom) -> str:
    """Return the full name of the module that a `from … import` reads."""
    if not statement.level:
        return statement.module or ""
    base = module.package.split(".")
    base = base[: len(base) - statement.level + 1]
    return ".".join([*base, *([statement.module] if statement.module else [])])


def _dotted(expression: ast.expr) -> list[str]:
    """Return `a.b.C` as its names; [] for anything else. What is between brackets is left out: `Base[int]`."""
    if isinstance(expression, ast.Subscript):
        return _dotted(expression.value)
    if isinstance(expression, ast.Name):
        return [expression.id]
    if isinstance(expression, ast.Attribute):
        head = _dotted(expression.value)
        return [*head, expression.attr] if head else []
    return []


def is_there(name: str, search: tuple[Path, ...] = ()) -> bool:
    """Tell whether a top-level package or module can be found; imports nothing."""
    return _find_top(name, search) is not None
