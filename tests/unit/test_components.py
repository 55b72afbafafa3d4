"""Components are found by name among what is declared, and imported only when they are used."""

import logging
import re
import sys
from pathlib import Path

import pytest

from accelerator.components import (
    KINDS,
    Component,
    Registry,
    check_kind,
    component,
    is_bare_name,
)
from accelerator.errors import ComponentError, ConfigError

NET = Component("model", "net", "one_package.models:Net", "one-package")
OTHER_NET = Component("model", "net", "two_package.models:Net", "Two_Package")
BIG = Component("model", "big_net", "one_package.models:Big", "one-package")
LOSS = Component("loss", "double", "one_package.losses:Double", "one-package")
CONFIGS = Component("configs", "one", "one_package.conf", "one-package")
REGISTRY = Registry((NET, BIG, LOSS, CONFIGS))


@component("loss", "double_l1")
def double_l1(value: float) -> float:
    """A component of this session."""
    return 2 * abs(value)


@component("model")
class SmallNet2:
    """Named after its class."""


def test_a_name_is_looked_up_in_its_kind() -> None:
    assert REGISTRY.find("net", "model") is NET


@pytest.mark.parametrize("name", ["loss:double", "one-package::loss:double", "One_Package::loss:double"])
def test_another_kind_and_a_distribution_can_be_named(name: str) -> None:
    assert REGISTRY.find(name, "model") is LOSS


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(
        ComponentError, match=r"^There is no model 'big_nett'\. Did you mean 'big_net'\? Known: big_net, net\.$"
    ):
        REGISTRY.find("big_nett", "model")


def test_a_name_of_another_kind_is_told() -> None:
    message = (
        "There is no model 'double'. Known: big_net, net. "
        "There is a loss of that name: write loss:double if that is meant."
    )

    with pytest.raises(ComponentError, match=f"^{re.escape(message)}$"):
        REGISTRY.find("double", "model")


def test_a_name_that_two_declare_is_told_with_how_to_choose() -> None:
    message = (
        "model 'net' is declared by Two_Package and one-package. Choose one: Two_Package::net or one-package::net."
    )

    with pytest.raises(ComponentError, match=f"^{re.escape(message)}$"):
        Registry((NET, OTHER_NET)).find("net", "model")


def test_a_distribution_settles_a_clash() -> None:
    assert Registry((NET, OTHER_NET)).find("two-package::net", "model") is OTHER_NET


def test_a_distribution_that_does_not_declare_the_name_is_told_who_does() -> None:
    message = "three declares no model 'net'; one-package does. Write one-package::net."

    with pytest.raises(ComponentError, match=f"^{re.escape(message)}$"):
        REGISTRY.find("three::net", "model")


@pytest.mark.parametrize(
    ("named", "proposed"), [("two-packages", "Two_Package::net"), ("x", "Two_Package::net or one-package::net")]
)
def test_of_several_distributions_the_nearest_is_proposed(named: str, proposed: str) -> None:
    message = f"{named} declares no model 'net'; Two_Package and one-package do. Write {proposed}."

    with pytest.raises(ComponentError, match=f"^{re.escape(message)}$"):
        Registry((NET, OTHER_NET)).find(f"{named}::net", "model")


@pytest.mark.parametrize("kind", ["modle", "", "configs"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(ComponentError, match=f"^There is no kind of component '{kind}'\\. .*Known: callback, collate"):
        check_kind(kind)


def test_an_unknown_kind_in_a_name_is_refused() -> None:
    with pytest.raises(ComponentError, match="There is no kind of component 'modle'. Did you mean 'model'?"):
        REGISTRY.find("modle:net", "loss")


def test_a_kind_is_listed_by_name() -> None:
    assert REGISTRY.of_kind("model") == (BIG, NET)
    assert REGISTRY.config_packages() == (CONFIGS,)


def test_all_kinds_are_known() -> None:
    assert [check_kind(kind) for kind in KINDS] == [None] * 15


@pytest.mark.parametrize(
    ("target", "is_bare"),
    [("resnet18", True), ("model:resnet18", True), ("my.package::resnet18", True), ("torch.nn.Linear", False)],
)
def test_a_bare_name_has_no_dot(target: str, is_bare: bool) -> None:
    assert is_bare_name(target) is is_bare


def test_a_component_has_the_path_that_a_target_writes() -> None:
    assert NET.path == "one_package.models.Net"


def test_loading_imports_the_module_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good_parts.py").write_text("class Net:\n    class Inner: ...\n", encoding="utf-8")
    (tmp_path / "bad_parts.py").write_text("raise RuntimeError('no')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Component("model", "net", "good_parts:Net.Inner", "here").load()

    assert found.__qualname__ == "Net.Inner"
    assert "bad_parts" not in sys.modules


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("broken_parts:Net", "RuntimeError: no driver"),
        ("no_parts_at_all:Net", "ModuleNotFoundError: No module named 'no_parts_at_all'"),
        ("pathlib:Net", "AttributeError: module 'pathlib' has no attribute 'Net'"),
        ("quitting_parts:Net", "SystemExit: 7"),
    ],
)
def test_a_component_that_does_not_import_is_named_with_its_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, target: str, reason: str
) -> None:
    (tmp_path / "broken_parts.py").write_text("raise RuntimeError('no driver')\n", encoding="utf-8")
    (tmp_path / "quitting_parts.py").write_text("import sys\nsys.exit(7)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    message = (
        f"model 'net' of here ({target}) does not import: {reason}. Repair or update here, or choose another model; "
        "ACCELERATOR_TRACEBACK=1 shows the traceback."
    )

    with caplog.at_level(logging.DEBUG), pytest.raises(ComponentError, match=f"^{re.escape(message)}$"):
        Component("model", "net", target, "here").load()
    assert "Traceback (most recent call last)" in caplog.text and reason.partition(":")[0] in caplog.text


def test_a_mark_alone_registers_nothing() -> None:
    with pytest.raises(ComponentError, match="There is no loss 'double_l1'"):
        REGISTRY.find("double_l1", "loss")


def test_a_marked_object_is_found_and_used_as_it_is() -> None:
    registry = REGISTRY.with_marked([double_l1, SmallNet2])

    assert registry.find("double_l1", "loss").load() is double_l1
    assert registry.find("small_net2", "model").load() is SmallNet2
    assert registry.find("net", "model") is NET


def test_a_marked_object_wins_over_a_declared_one() -> None:
    marked = component("model", "net")(type("Mine", (), {}))
    registry = REGISTRY.with_marked([marked])

    assert registry.find("net", "model").load() is marked


def test_an_object_without_a_mark_is_refused() -> None:
    with pytest.raises(
        ComponentError, match=r"<class 'int'> is not marked as a component. Write @component\(kind, name\) above"
    ):
        REGISTRY.with_marked([int])


def test_a_subclass_of_a_marked_class_has_no_mark_of_its_own() -> None:
    derived = type("Derived", (SmallNet2,), {})

    with pytest.raises(ComponentError, match="is not marked as a component"):
        REGISTRY.with_marked([derived])


def test_a_mark_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ComponentError, match="There is no kind of component 'modle'"):
        component("modle")


def test_our_own_components_are_entry_points() -> None:
    registry = Registry.discover(Path(__file__).resolve().parents[2])

    assert registry.find("digits", "data").path == "accelerator.domain.cv.digits.digits"


def _project(tmp_path: Path, text: str) -> Path:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_projects_own_entry_points_are_read_as_if_installed(tmp_path: Path) -> None:
    text = '[project]\nname = "mine"\n[project.entry-points."accelerator.model"]\nmy_net = "mine.net:Net"\n'
    registry = Registry.discover(_project(tmp_path, text))

    assert registry.find("my_net", "model") == Component("model", "my_net", "mine.net:Net", "mine")


def test_a_project_without_a_name_still_declares(tmp_path: Path) -> None:
    text = (
        '[project.entry-points."accelerator.model"]\nmy_net = "mine.net:Net"\n'
        '[project.entry-points."other.group"]\na = "b"\n'
    )
    registry = Registry.discover(_project(tmp_path, text))

    assert registry.find("my_net", "model").distribution == "this project"


def test_what_the_project_has_installed_is_not_declared_twice() -> None:
    registry = Registry.discover(Path(__file__).resolve().parents[2])
    names = [(item.kind, item.name) for item in registry.declared]

    assert len(names) == len(set(names))


def test_a_project_without_pyproject_declares_nothing(tmp_path: Path) -> None:
    assert Registry.discover(tmp_path) == Registry.discover(None)


def test_a_broken_pyproject_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pyproject.toml: is not valid TOML: .*Repair the file\."):
        Registry.discover(_project(tmp_path, "[project\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("project = 3\n", r"project \(.*pyproject.toml\): must be a table. Repair the file\."),
        ("[project]\nentry-points = 3\n", r"entry-points \(.*pyproject.toml\): must be a table\."),
        (
            '[project.entry-points]\n"accelerator.model" = 3\n',
            r"accelerator.model \(.*pyproject.toml\): must be a table\.",
        ),
        (
            '[project.entry-points."accelerator.model"]\nx = 3\n',
            r"x \(.*pyproject.toml\): must be a text: package.module:Name. Repair the file\.",
        ),
    ],
)
def test_entry_points_of_a_wrong_form_are_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        Registry.discover(_project(tmp_path, text))


def test_the_projects_file_is_newer_than_what_was_installed_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "my_own-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-own\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[accelerator.model]\nmy_net = my_own.old:Net\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = '[project]\nname = "My_Own"\n[project.entry-points."accelerator.model"]\nmy_net = "my_own.new:Net"\n'

    assert Registry.discover(_project(tmp_path, text)).find("my_net", "model").target == "my_own.new:Net"


def test_an_installed_distribution_is_read_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "far_away-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: far-away\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[accelerator.model]\nfar_net = far_away.net : Net\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Registry.discover(None).find("far_net", "model")

    assert found == Component("model", "far_net", "far_away.net:Net", "far-away")
    assert "far_away" not in sys.modules
