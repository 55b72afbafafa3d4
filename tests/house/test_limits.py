"""How large and how wide our code may be, and the words it does without (CONTRIBUTING.md says why)."""

import ast

from tests.house.source import Function, modules

MOST_FILE_LINES = 300
MOST_CLASS_LINES = 250
MOST_FUNCTION_LINES = 40
MOST_PARAMETERS = 7

# Called with keywords only, as section 3 of the design shows them: a Context made in Python, the nodes of an engine;
# a verb, whose keywords are its flags.
WIDE_BY_DESIGN = {
    "accelerator/cli/experiment_pruning.py:prune",
    "accelerator/runtime/context.py:__init__",
    "accelerator/runtime/engine/auto.py:auto",
    "accelerator/runtime/engine/single.py:__init__",
}
NAMELESS = {"common", "handler", "helper", "helpers", "manager", "misc", "util", "utils"}
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")


def test_files_have_one_subject() -> None:
    assert {item.where: len(item.lines) for item in modules() if len(item.lines) > MOST_FILE_LINES} == {}


def test_classes_are_one_thing() -> None:
    long = {f"{item.where}:{node.name}": _length(node) for item in modules() for node in item.classes}

    assert {where: length for where, length in long.items() if length > MOST_CLASS_LINES} == {}


def test_functions_do_one_thing() -> None:
    long = {f"{item.where}:{node.name}": _length_of_body(node) for item in modules() for node in item.functions}

    assert {where: length for where, length in long.items() if length > MOST_FUNCTION_LINES} == {}


def test_functions_take_few_parameters() -> None:
    wide = {f"{item.where}:{node.name}": _num_parameters(node) for item in modules() for node in item.functions}

    assert {
        where: count for where, count in wide.items() if count > MOST_PARAMETERS and where not in WIDE_BY_DESIGN
    } == {}


def test_every_file_and_public_definition_says_what_it_is_for() -> None:
    silent = [
        f"{item.where}:{getattr(node, 'name', 1)}"
        for item in modules()
        for node in (item.tree, *_public_definitions(item.tree))
        if ast.get_docstring(node) is None
    ]

    assert silent == []


def test_no_file_is_called_after_nothing() -> None:
    assert [item.where for item in modules() if NAMELESS & set(item.path.stem.split("_"))] == []


def test_nothing_is_left_undone() -> None:
    left = [
        f"{item.where}:{number} {line.strip()}"
        for item in modules()
        for number, line in enumerate(item.lines, 1)
        if any(word in line for word in UNFINISHED)
    ]

    assert left == []


def test_nothing_is_probed_or_global() -> None:
    found = [
        f"{item.where}:{node.lineno}"
        for item in modules()
        for node in ast.walk(item.tree)
        if isinstance(node, ast.Global) or (isinstance(node, ast.Name) and node.id == "hasattr")
    ]

    assert found == []


def _length(node: ast.ClassDef | Function) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def _length_of_body(node: Function) -> int:
    first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
    return (node.end_lineno or 0) - first.lineno + 1


def _num_parameters(node: Function) -> int:
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _public_definitions(tree: ast.Module) -> list[ast.ClassDef | Function]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_")]
