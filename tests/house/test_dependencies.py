"""What the package imports is declared, what is declared is pinned, and all places name the same versions."""

import re
import sys
from importlib.metadata import packages_distributions, version

import pytest
import yaml

from tests.house.source import PROJECT, ROOT, modules

EXTRAS = PROJECT["optional-dependencies"]
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
LIBRARIES_OF_EXTRAS = {
    "accelerator.domain.cv": "cv",
    "accelerator.domain.nlp": "nlp",
    "accelerator.tracking.tensorboard": "tensorboard",
}


def test_every_direct_import_is_a_declared_dependency() -> None:
    owners = packages_distributions()
    always = _names(PROJECT["dependencies"])

    undeclared = [
        f"{module.where}:{item.line} imports {item.target}"
        for module in modules()
        for item in module.imports
        if (library := item.target.split(".")[0]) not in {*sys.stdlib_module_names, "accelerator"}
        and not _canonical_all(owners.get(library, [library])) & (always | _extra_of(module.name))
    ]

    assert undeclared == []


@pytest.mark.parametrize("requirement", [*PROJECT["dependencies"], *EXTRAS["cv"], *EXTRAS["dev"]])
def test_what_setup_installs_is_pinned(requirement: str) -> None:
    name = _name(requirement)

    assert name in {*PINS, PROJECT["name"]}


def test_pins_have_one_spelling_and_stand_in_order() -> None:
    assert list(PINS) == sorted(_canonical(name) for name in PINS)


def test_hooks_use_the_pinned_versions() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]

    of_hooks = dict(hook["additional_dependencies"][0].split("==") for hook in hooks if hook["language"] == "python")

    assert of_hooks == {name: PINS[name] for name in ("black", "flake8", "isort")}


def test_every_hook_is_local_and_exact() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]

    added = [
        package
        for repository in repositories
        for hook in repository["hooks"]
        for package in hook.get("additional_dependencies", [])
    ]

    assert [repository["repo"] for repository in repositories] == ["local"]
    assert [package for package in added if not re.fullmatch(r"[\w.-]+(==|@)\d+\.\d+\.\d+", package)] == []


def test_the_changelog_knows_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert version(PROJECT["name"]) == PROJECT["version"]
    assert f"## [{PROJECT['version']}]" in changelog


def _names(requirements: list[str]) -> set[str]:
    return {_name(requirement) for requirement in requirements}


def _name(requirement: str) -> str:
    return _canonical(re.split(r"[\[<>=!~; ]", requirement)[0])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _canonical_all(names: list[str]) -> set[str]:
    return {_canonical(name) for name in names}


def _extra_of(module: str) -> set[str]:
    return {
        name
        for prefix, extra in LIBRARIES_OF_EXTRAS.items()
        if module == prefix or module.startswith(f"{prefix}.")
        for name in _names(EXTRAS[extra])
    }
