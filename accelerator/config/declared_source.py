"""What components declare with `@gives`, read from their source: nothing is imported."""

import ast
from collections.abc import Sequence
from pathlib import Path

from accelerator.config.declared import ARGUMENTS, Gives, gives, read_gives
from accelerator.config.source_modules import find_definition, full_name_of

_TENSOR = ("Tensor", "torch.Tensor")
_NAMES = (f"{gives.__module__}.{gives.__name__}", "accelerator.gives")


def read_declared(target: str, search: Sequence[Path] = ()) -> Gives | None:
    """Return what `package.module.Class` declares itself; None when it declares nothing that its source tells."""
    found = find_definition(target, search)
    for mark in found.node.decorator_list if found is not None else ():
        if found is not None and isinstance(mark, ast.Call) and full_name_of(found.module, mark.func) in _NAMES:
            return _literal(mark)
    return None


def read_outputs(target: str, search: Sequence[Path] = ()) -> Gives | None:
    """Return what a model gives that declares nothing: no names, where its `forward` says that it returns a tensor."""
    found = find_definition(target, search)
    body = found.node.body if found is not None and isinstance(found.node, ast.ClassDef) else []
    for item in body:
        if isinstance(item, ast.FunctionDef) and item.name == "forward" and item.returns is not None:
            written = item.returns
            text = written.value if isinstance(written, ast.Constant) else ast.unparse(written)
            return Gives() if text in _TENSOR else None
    return None


def _literal(call: ast.Call) -> Gives | None:
    try:
        names = [ast.literal_eval(item) for item in call.args]
        more = {str(item.arg): ast.literal_eval(item.value) for item in call.keywords}
        return read_gives(names, more, {name: more.pop(name, None) for name in ARGUMENTS})
    except (ValueError, TypeError):  # computed when it runs
        return None
