"""What a project is called, from its folder."""

import sys
from pathlib import Path

import pytest

from accelerator.scaffold.project_names import names_of


@pytest.mark.parametrize(
    ("folder", "package", "distribution"),
    [
        ("handwriting", "handwriting", "handwriting"),
        ("Hand-Writing 2", "hand_writing_2", "hand-writing-2"),
        ("  Été_2026! ", "ete_2026", "ete-2026"),
        ("2026-digits", "project_2026_digits", "project-2026-digits"),
        ("a--b", "a_b", "a-b"),
    ],
)
def test_the_package_is_called_as_the_folder_as_far_as_a_name_can(folder: str, package: str, distribution: str) -> None:
    names = names_of(Path("/work") / folder)

    assert (names.package, names.distribution, names.title) == (package, distribution, folder)
    assert names.package.isidentifier()
    assert names.reason == ""


@pytest.mark.parametrize(
    ("folder", "package", "reason"),
    [
        ("torch", "torch_project", "there is another package 'torch', which it would hide"),
        ("accelerator", "accelerator_project", "there is another package 'accelerator'"),
        ("Hydra", "hydra_project", "there is another package 'hydra'"),
        ("timm", "timm_project", "there is another package 'timm'"),
        ("tests", "tests_project", "there is another package 'tests'"),
        ("json", "json_project", "'json' is a module of Python's own, which it would hide"),
        ("class", "class_project", "'class' is a word of Python's own"),
        ("match", "match_project", "'match' is a word of Python's own"),
        ("数字", "my_project", "'数字' has no letters from a to z"),
        ("--", "my_project", "'--' has no letters from a to z"),
    ],
)
def test_a_name_that_cannot_be_is_replaced_with_the_reason(folder: str, package: str, reason: str) -> None:
    names = names_of(Path("/work") / folder)

    assert names.package == package
    assert names.reason.startswith(reason)


def test_a_package_of_the_project_itself_is_not_in_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "own_digits" / "src" / "own_digits"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])

    inside, elsewhere = names_of(tmp_path / "own_digits"), names_of(tmp_path / "other" / "own_digits")

    assert inside.package == "own_digits"
    assert elsewhere.package == "own_digits_project"
