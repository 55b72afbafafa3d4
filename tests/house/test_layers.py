"""Who may lean on whom: the floors of the design, and what no module of ours imports."""

import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

from tests.house.source import PACKAGE, PYPROJECT, ROOT, modules

CONTRACTS = PYPROJECT["tool"]["importlinter"]["contracts"]
ROOMS = {
    f"accelerator.{path.stem}"
    for path in PACKAGE.iterdir()
    if (path.suffix == ".py" or (path / "__init__.py").exists())
} - {"accelerator.__init__", "accelerator.__main__"}


def test_imports_keep_the_contracts() -> None:
    lint = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_the_floors_that_are_told_to_who_changes_something_are_those_of_the_contract() -> None:
    lines = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
    rows = [re.findall(r"`(\w+)`", line) for line in lines if re.match(r"\| \d+ ", line)]

    layers = [sorted(layer.split(" | ")) for layer in CONTRACTS[0]["layers"]]
    assert [["__main__"], *map(sorted, rows)] == layers


def test_no_contract_has_exceptions() -> None:
    assert [contract["name"] for contract in CONTRACTS if any("ignore" in key for key in contract)] == []


def test_a_library_that_one_room_may_know_is_forbidden_to_all_others() -> None:
    allowed = {"hydra": {"accelerator.config"}, "fire": {"accelerator.cli"}, "mlflow": {"accelerator.tracking"}}

    forbidden: dict[str, set[str]] = {library: set() for library in allowed}
    for contract in CONTRACTS:
        for library in set(contract.get("forbidden_modules", ())) & set(allowed):
            forbidden[library] |= set(contract["source_modules"])

    assert forbidden == {library: ROOMS - rooms for library, rooms in allowed.items()}


def test_no_module_imports_from_a_facade() -> None:
    names = {module.name for module in modules()}
    facades = {module.name for module in modules() if module.path.name == "__init__.py"}

    from_facades = [
        f"{module.where}:{item.line} imports {name} from the facade {item.target}"
        for module in modules()
        for item in module.imports
        if item.target in facades
        for name in item.names or ["itself"]
        if f"{item.target}.{name}" not in names
    ]

    assert from_facades == []


def test_no_ring_of_files() -> None:
    names = {module.name for module in modules()}

    graph = {module.name: set[str]() for module in modules()}
    for module in modules():
        for item in module.imports:
            if item.when == "loading":
                graph[module.name] |= {item.target, *(f"{item.target}.{name}" for name in item.names)} & names

    assert set(TopologicalSorter(graph).static_order()) == names


def test_an_import_inside_a_function_is_of_a_library() -> None:
    inside = [
        f"{module.where}:{item.line} imports {item.target}"
        for module in modules()
        for item in module.imports
        if item.when == "calling" and item.target.split(".")[0] in {*sys.stdlib_module_names, "accelerator", ""}
    ]

    assert inside == []
