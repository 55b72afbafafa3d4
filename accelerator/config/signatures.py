"""What a component takes: read from its source without importing it, or from the object once it is imported."""

import ast
import functools
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.config.source_modules import Defined, find_definition, full_name_of, resolve

POSITIONAL_ONLY = "positional_only"
POSITIONAL_OR_KEYWORD = "positional_or_keyword"
VAR_POSITIONAL = "var_positional"
KEYWORD_ONLY = "keyword_only"
VAR_KEYWORD = "var_keyword"

_MARKS = {
    *("typing.final", "typing_extensions.final", "typing.runtime_checkable", "typing_extensions.deprecated"),
    *(
        "warnings.deprecated",
        "accelerator.component",
        "accelerator.components.component",
        "accelerator.config.declared.gives",
        "functools.total_ordering",
    ),
    *("torch.no_grad", "torch.inference_mode"),
}
"""Decorators that leave a signature as it is written."""
_DATACLASS = ("dataclasses.dataclass",)
_WITHOUT_INIT = {"object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol"}
_OVERLOADS = ("typing.overload", "typing_extensions.overload")


@dataclass(frozen=True)
class Parameter:
    """One parameter; annotation and default as they are written in the source."""

    name: str
    kind: str
    annotation: str | None = None
    default: str | None = None
    """None: it must be given."""

    @property
    def is_required(self) -> bool:
        """Whether a call without it fails."""
        return self.default is None and self.kind not in (VAR_POSITIONAL, VAR_KEYWORD)

    @property
    def is_named(self) -> bool:
        """Whether it can be given by name."""
        return self.kind in (POSITIONAL_OR_KEYWORD, KEYWORD_ONLY)


@dataclass(frozen=True)
class Signature:
    """What a class or function takes, without `self`, and what it says of itself."""

    parameters: tuple[Parameter, ...]
    docstring: str | None = None
    file: Path | None = None
    line: int | None = None
    bases: tuple[str, ...] = ()
    """Full names of the base classes, nearest first, as far as the source tells."""
    is_class: bool = True

    @property
    def takes_any_keyword(self) -> bool:
        """Whether it has `**kwargs`."""
        return any(item.kind == VAR_KEYWORD for item in self.parameters)

    def named(self) -> dict[str, Parameter]:
        """Return the parameters that can be given by name."""
        return {item.name: item for item in self.parameters if item.is_named}


def read_signature(target: str, *, search: Sequence[Path] = ()) -> Signature | None:
    """Read the signature of `package.module.Class` from source alone.

    Constructors are followed through base classes and re-exports; a dataclass's fields are its parameters. None where
    the source does not tell for certain: C extensions, metaclasses, `__new__`, unknown decorators, names that depend
    on what runs.

    Args:
        target: a dotted path, or `package.module:attribute` as in an entry point.
        search: folders to look in before `sys.path`, such as the project's root and its `src/`.
    """
    found = find_definition(target.replace(":", "."), search)
    if found is None:
        return None
    if isinstance(found.node, ast.ClassDef):
        return _of_class(found, found.node)
    if not _is_plain(found, found.node.decorator_list):
        return None
    parameters = tuple(_parameters(found.node.args))
    return Signature(parameters, ast.get_docstring(found.node), found.module.path, found.node.lineno, is_class=False)


def read_method(target: str, names: Sequence[str], *, search: Sequence[Path] = ()) -> tuple[Parameter, ...] | None:
    """Read what a class's objects take in the nearest method of these names; None where its source does not tell."""
    found = find_definition(target.replace(":", "."), search)
    chain = _ancestors(found) if found is not None else None
    for item in chain or ():
        body = item.node.body if isinstance(item, Defined) else []
        methods = {inner.name: inner for inner in body if isinstance(inner, ast.FunctionDef)}
        own = [methods[name] for name in names if name in methods]
        if isinstance(item, str) or "__new__" in methods:
            return None
        if own:
            return tuple(_parameters(own[0].args))[1:] if _is_plain(item, own[0].decorator_list) else None
    return None


def signature_of(target: object) -> Signature:
    """Return the signature of an imported object.

    Raises:
        ValueError: Python knows none, as for some extensions.
        TypeError: it cannot be called.
    """
    if not callable(target):
        raise TypeError(f"{target!r} cannot be called")
    parameters = tuple(
        Parameter(
            item.name,
            item.kind.name.lower(),
            None if item.annotation is item.empty else inspect.formatannotation(item.annotation),
            None if item.default is item.empty else repr(item.default),
        )
        for item in inspect.signature(target).parameters.values()
    )
    above = target.__mro__[1:-1] if isinstance(target, type) else ()
    bases = tuple(f"{item.__module__}.{item.__qualname__}" for item in above)
    file, line = _place(target)
    documented = target.func if isinstance(target, functools.partial) else target
    docstring = getattr(documented, "__doc__", None)  # its own: that of a base says what the base is
    return Signature(
        parameters, inspect.cleandoc(docstring) if docstring else None, file, line, bases, isinstance(target, type)
    )


def _of_class(found: Defined, node: ast.ClassDef) -> Signature | None:
    chain = _ancestors(found)
    if chain is None:
        return None
    parameters = _constructor(chain)
    if parameters is None:
        return None
    bases = [item if isinstance(item, str) else item.full_name for item in chain[1:]]
    docstring = ast.get_docstring(node)
    return Signature(tuple(parameters), docstring, found.module.path, node.lineno, tuple(dict.fromkeys(bases)))


def _ancestors(found: Defined) -> list[Defined | str] | None:
    """Return a class and all above it, in the order in which Python looks for a constructor; names where no source is.

    None where a metaclass or a decorator may change the constructor.
    """
    node = found.node
    if not isinstance(node, ast.ClassDef):
        return None
    metaclass = [full_name_of(found.module, item.value) for item in node.keywords if item.arg == "metaclass"]
    if metaclass not in ([], ["abc.ABCMeta"]) or not _is_plain(found, node.decorator_list, _DATACLASS):
        return None
    chain: list[Defined | str] = [found]
    for base in node.bases:
        above = resolve(found.module, base)
        if above is None:
            chain.append(full_name_of(found.module, base) or "?")
            continue
        more = _ancestors(above)
        if more is None:
            return None
        chain += more
    return _last_occurrences(chain)


def _last_occurrences(chain: list[Defined | str]) -> list[Defined | str]:
    """Keep of each class its last place: a base that several share comes after all of them."""
    names = [item if isinstance(item, str) else item.full_name for item in chain]
    return [item for place, item in enumerate(chain) if names[place] not in names[place + 1 :]]


def _constructor(chain: Sequence[Defined | str]) -> list[Parameter] | None:
    """Return the parameters of the first constructor of a chain of classes."""
    for place, item in enumerate(chain):
        if isinstance(item, str):
            if item in _WITHOUT_INIT:
                continue
            return None
        if not isinstance(item.node, ast.ClassDef):
            return None
        methods = [inner for inner in item.node.body if isinstance(inner, ast.FunctionDef)]
        if any(method.name == "__new__" for method in methods):
            return None
        own = [method for method in methods if method.name == "__init__"]
        if own:
            implementations = [method for method in own if not _has(item, method.decorator_list, _OVERLOADS)]
            if len(implementations) != 1 or not _is_plain(item, implementations[0].decorator_list):
                return None
            return list(_parameters(implementations[0].args))[1:]
        if _has(item, item.node.decorator_list, _DATACLASS):
            return _dataclass_parameters(chain[place:])
    return []


def _dataclass_parameters(chain: Sequence[Defined | str]) -> list[Parameter] | None:
    """Return the fields of a dataclass and of those above it, as `__init__` takes them."""
    fields: dict[str, Parameter | None] = {}
    for item in reversed(chain):
        if isinstance(item, str):
            if item not in _WITHOUT_INIT:
                return None
            continue
        if not isinstance(item.node, ast.ClassDef) or not _has(item, item.node.decorator_list, _DATACLASS):
            continue
        is_keyword = any(_true(_keyword(mark, "kw_only")) for mark in item.node.decorator_list)
        for statement in item.node.body:
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            annotation = ast.unparse(statement.annotation)
            if annotation in ("KW_ONLY", "dataclasses.KW_ONLY"):
                is_keyword = True
            elif "ClassVar" not in annotation:
                fields[statement.target.id] = _field(statement.target.id, annotation, statement.value, is_keyword)
    found = [item for item in fields.values() if item is not None]
    return sorted(found, key=lambda item: item.kind == KEYWORD_ONLY)


def _field(name: str, annotation: str, value: ast.expr | None, is_keyword: bool) -> Parameter | None:
    """Return a dataclass field as a parameter; None for one that `__init__` does not take."""
    kind = KEYWORD_ONLY if is_keyword else POSITIONAL_OR_KEYWORD
    if not (isinstance(value, ast.Call) and ast.unparse(value.func) in ("field", "dataclasses.field")):
        return Parameter(name, kind, annotation, None if value is None else ast.unparse(value))
    options = {item.arg: item.value for item in value.keywords}
    if "init" in options and not _true(options["init"]):
        return None
    if "kw_only" in options:
        kind = KEYWORD_ONLY if _true(options["kw_only"]) else POSITIONAL_OR_KEYWORD
    default = ast.unparse(options["default"]) if "default" in options else None
    if "default_factory" in options:
        default = f"{ast.unparse(options['default_factory'])}()"
    return Parameter(name, kind, annotation, default)


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    for place, (item, default) in enumerate(zip(positional, defaults, strict=True)):
        kind = POSITIONAL_ONLY if place < len(arguments.posonlyargs) else POSITIONAL_OR_KEYWORD
        yield _parameter(item, kind, default)
    if arguments.vararg is not None:
        yield _parameter(arguments.vararg, VAR_POSITIONAL, None)
    for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(item, KEYWORD_ONLY, default)
    if arguments.kwarg is not None:
        yield _parameter(arguments.kwarg, VAR_KEYWORD, None)


def _parameter(item: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
    annotation = item.annotation
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        written: str | None = annotation.value  # a forward reference
    else:
        written = None if annotation is None else ast.unparse(annotation)
    return Parameter(item.arg, kind, written, None if default is None else ast.unparse(default))


def _is_plain(found: Defined, decorators: Sequence[ast.expr], besides: Sequence[str] = ()) -> bool:
    """Tell whether no decorator may change the signature."""
    return all(_has(found, [item], (*_MARKS, *besides)) for item in decorators)


def _has(found: Defined, decorators: Sequence[ast.expr], names: Sequence[str]) -> bool:
    called = [item.func if isinstance(item, ast.Call) else item for item in decorators]
    return any(full_name_of(found.module, item) in names for item in called)


def _keyword(call: ast.expr, name: str) -> ast.expr | None:
    if not isinstance(call, ast.Call):
        return None
    return next((item.value for item in call.keywords if item.arg == name), None)


def _true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _place(target: Any) -> tuple[Path | None, int | None]:
    try:
        file = inspect.getsourcefile(inspect.unwrap(target))
        return (None, None) if file is None else (Path(file), inspect.getsourcelines(target)[1])
    except (TypeError, OSError):  # an extension, or code that has no file
        return None, None
