"""The project root, the search path, and what is put on sys.path."""

import sys
from pathlib import Path

import pytest

from accelerator.components import Component, Registry
from accelerator.config.describe import describe
from accelerator.config.project import (
    Project,
    find_project,
    search_path,
    shipped_configs,
)

NOTHING = Registry(())


@pytest.mark.parametrize("mark", ["pyproject.toml", "configs/main.yaml"])
def test_the_project_is_the_nearest_marked_folder_upwards(tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert find_project(below) == Project(tmp_path)


def test_without_a_mark_the_project_is_the_folder_itself(tmp_path: Path) -> None:
    assert find_project(tmp_path) == Project(tmp_path)


def test_the_working_folder_is_where_the_search_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_project() == Project(tmp_path)


def test_relative_paths_start_at_the_root(tmp_path: Path) -> None:
    project = Project(tmp_path)

    assert project.absolute("data") == tmp_path / "data"
    assert project.absolute(tmp_path / "elsewhere") == tmp_path / "elsewhere"


def test_root_and_src_go_to_the_front_of_the_path_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["before"])
    (tmp_path / "src").mkdir()
    project = Project(tmp_path)
    project.put_on_path()
    project.put_on_path()

    assert sys.path == [str(tmp_path), str(tmp_path / "src"), "before"]
    assert sys.path[:2] == [str(folder) for folder in project.module_folders]


def test_what_is_read_of_a_module_is_what_python_would_import(tmp_path: Path) -> None:
    """Of two modules of one name the one in the root counts: for Python, and for what reads its source."""
    (tmp_path / "src").mkdir()
    (tmp_path / "twin.py").write_text("def made(root: int): ...\n")
    (tmp_path / "src" / "twin.py").write_text("def made(src: int): ...\n")

    described = describe("twin.made", Project(tmp_path))

    assert described.signature is not None
    assert [item.name for item in described.signature.parameters] == ["root"]


def test_a_wheel_carries_the_configs_that_a_checkout_has_at_its_root() -> None:
    assert (shipped_configs() / "base.yaml").is_file()


def test_the_projects_configs_come_first_and_ours_last(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    sources = search_path(Project(tmp_path), NOTHING)

    assert [(item.provider, item.path) for item in sources] == [
        ("project", tmp_path / "configs"),
        ("accelerator", shipped_configs()),
    ]


def test_a_project_without_configs_has_ours_alone(tmp_path: Path) -> None:
    assert [item.provider for item in search_path(Project(tmp_path), NOTHING)] == ["accelerator"]


def test_our_own_checkout_lists_its_configs_once() -> None:
    sources = search_path(Project(shipped_configs().parent), NOTHING)

    assert [item.path for item in sources] == [shipped_configs()]


def test_a_plugins_configs_are_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "fine_plugin"
    (package / "conf" / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    registry = Registry((Component("configs", "fine", "fine_plugin.conf", "fine-plugin"),))
    sources = search_path(Project(tmp_path), registry)

    assert [(item.provider, item.path) for item in sources][:1] == [("fine-plugin", package / "conf")]
    assert "fine_plugin" not in sys.modules


@pytest.mark.parametrize("target", ["gone_plugin.conf", "", ".conf", "json.conf", "sys.conf"])
def test_a_plugin_whose_configs_are_not_there_is_named_and_passed_over(
    target: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry((Component("configs", "gone", target, "gone-plugin"),))

    for _ in range(2):  # and named once, however often a command composes
        assert [item.provider for item in search_path(Project(tmp_path), registry)] == ["accelerator"]

    assert [item.getMessage() for item in caplog.records] == [
        f"gone-plugin declares its configs as '{target}', and there is no such folder: they are passed over. "
        "Repair or reinstall gone-plugin, or uninstall it."
    ]


def test_the_configs_of_plugins_stand_in_the_order_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf_package" / "conf").mkdir(parents=True)
    (tmp_path / "conf_package" / "more").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    late, early = (
        Component("configs", "x", f"conf_package.{folder}", owner)
        for folder, owner in (("conf", "Zeta_plugin"), ("more", "alpha"))
    )

    assert [item.provider for item in search_path(Project(tmp_path / "none"), Registry((late, early)))] == [
        "alpha",
        "Zeta_plugin",
        "accelerator",
    ]
