"""The package of a user's project: where its components belong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelerator.components import Registry
from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.scaffold.add_entry_point import PYPROJECT
from accelerator.scaffold.add_names import suggested_package

_NO_PACKAGES = ("benchmarks", "build", "configs", "data", "dist", "docs", "examples", "outputs", "scripts", "tests")


@dataclass(frozen=True)
class Package:
    """A Python package of the project: its name, and its folder, which may have yet to be made."""

    name: str
    folder: Path


def find_package(project: Project, distribution: str, registry: Registry, command: str) -> Package:
    """Return the package that components are added to.

    It is the one that is called as the project is (`[project].name`), or that its entry points name, or the only one
    there is, at the root or in `src/`. A project without any gets `src/<name>`.

    Raises:
        InputError: there are several, and nothing says which; or none, and the project's name is none for a package.
    """
    named = suggested_package(distribution)
    declared = [item.target.partition(".")[0] for item in registry.declared if item.distribution == distribution]
    for name in dict.fromkeys((named, *declared)):
        found = _existing(project, name)
        if found is not None:
            return found
    packages = packages_of(project)
    if len(packages) > 1:
        raise InputError(
            f"{command}: the project has several packages ({', '.join(item.name for item in packages)}), and none is "
            f"called {named or distribution} as the project is. Give [project].name in {PYPROJECT} the name of the one "
            f"that components belong to."
        )
    if packages:
        return packages[0]
    if not named:
        raise InputError(
            f"{command}: the project has no package, and its name '{distribution}' is none for one. "
            f"Make a folder src/NAME with an empty __init__.py, and repeat the command."
        )
    return Package(named, project.root / "src" / named)


def packages_of(project: Project) -> Sequence[Package]:
    """Return the packages in the folders of a project's modules, in the order in which Python looks."""
    places = [path for base in project.module_folders for path in sorted(base.glob("*/__init__.py"))]
    return [Package(path.parent.name, path.parent) for path in places if path.parent.name not in _NO_PACKAGES]


def _existing(project: Project, name: str) -> Package | None:
    folders = [base / name for base in project.module_folders if name.isidentifier() and (base / name).is_dir()]
    return Package(name, folders[0]) if folders else None
