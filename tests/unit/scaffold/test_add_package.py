"""Where the components of a project belong."""

from pathlib import Path

import pytest

from accelerator.components import Component, Registry
from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.scaffold.add_package import find_package


def _found(root: Path, *folders: str, distribution: str = "hand-writing", declared: str = "") -> tuple[str, str]:
    for name in folders:
        (root / name).mkdir(parents=True)
        (root / name / "__init__.py").touch()
    components = (Component("model", "m", f"{declared}.m:M", distribution),) if declared else ()
    package = find_package(Project(root), distribution, Registry(components), "accelerator add model m")
    return package.name, package.folder.relative_to(root).as_posix()


@pytest.mark.parametrize(
    ("folders", "declared", "found"),
    [
        (["src/hand_writing", "other"], "", ("hand_writing", "src/hand_writing")),
        (["hand_writing", "src/other"], "", ("hand_writing", "hand_writing")),
        (["src/first", "src/second"], "second", ("second", "src/second")),
        (["src/only", "tests", "docs"], "", ("only", "src/only")),
        (["only"], "torch", ("only", "only")),
        ([], "", ("hand_writing", "src/hand_writing")),
    ],
)
def test_the_package_is_the_one_that_the_project_names(
    folders: list[str], declared: str, found: tuple[str, str], tmp_path: Path
) -> None:
    assert _found(tmp_path, *folders, declared=declared) == found


@pytest.mark.parametrize(
    ("folders", "distribution", "message"),
    [
        (
            ["src/first", "src/second"],
            "Third",
            "accelerator add model m: the project has several packages (first, second), and none is called third as "
            "the project is. Give [project].name in pyproject.toml the name of the one that components belong to.",
        ),
        (
            [],
            "3d",
            "accelerator add model m: the project has no package, and its name '3d' is none for one. "
            "Make a folder src/NAME with an empty __init__.py, and repeat the command.",
        ),
    ],
)
def test_a_project_without_a_clear_package_is_told(
    folders: list[str], distribution: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as told:
        _found(tmp_path, *folders, distribution=distribution)

    assert str(told.value) == message
