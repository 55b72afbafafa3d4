"""What there is, and each thing in full."""

from pathlib import Path

import pytest

from accelerator.components import KINDS, Registry
from accelerator.config.describe import describe
from accelerator.config.list_components import list_components
from accelerator.config.project import Project
from accelerator.errors import UsageError

PYPROJECT = """
[project]
name = "mine"
[project.entry-points."accelerator.model"]
tiny = "mine.tiny:Tiny"
resnet8 = "mine.tiny:Tiny"
broken = "mine.tiny:Broken"
"""
SOURCE = '''
"""Mine."""
class Tiny:
    """A tiny one.

    With details.
    """
    def __init__(self, width: int, *, depth: int = 2, **more: float) -> None: ...
import absent_library
Broken = absent_library.make()
'''


@pytest.fixture
def mine(tmp_path: Path) -> Project:
    """Return a project with components of its own, whose module does not import."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("")
    (tmp_path / "mine" / "tiny.py").write_text(SOURCE)
    (tmp_path / "configs" / "model").mkdir(parents=True)
    (tmp_path / "configs" / "model" / "small.yaml").write_text("# Tiny, and narrow.\n_target_: tiny\nwidth: 3\n")
    (tmp_path / "configs" / "experiment").mkdir()
    (tmp_path / "configs" / "experiment" / "mine.yaml").write_text("# @package _global_\n# My own.\nname: mine\n")
    return Project(tmp_path)


def test_every_component_and_every_config_stands_once(mine: Project) -> None:
    items = list_components(mine)

    registry = Registry.discover(mine.root)
    declared = {(item.kind, item.name, item.distribution) for kind in KINDS for item in registry.of_kind(kind)}
    assert {(item.kind, item.name, item.package) for item in items if item.target} == declared
    assert {item.name for item in items if item.kind == "experiment"} >= {"mine", "digits_resnet"}
    assert len({(item.kind, item.name, item.package) for item in items}) == len(items)


def test_everything_that_ships_says_what_it_is(tmp_path: Path) -> None:
    assert [f"{item.kind}:{item.name}" for item in list_components(Project(tmp_path)) if not item.description] == []


def test_a_component_stands_with_the_config_that_builds_it(mine: Project) -> None:
    (tiny,) = [item for item in list_components(mine, "model") if item.name == "tiny"]

    assert tiny.to_json() == {
        "kind": "model",
        "name": "tiny",
        "description": "A tiny one.",
        "package": "mine",
        "config": "small",
        "target": "mine.tiny:Tiny",
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a: [\n", "bad.yaml:2: is not valid YAML: "),
        (b"\xff", "bad.yaml: cannot be read: 'utf-8' codec"),
        (b"a: \x00", "bad.yaml:1: is not valid YAML: unacceptable character #x0000"),
    ],
)
def test_a_broken_config_breaks_only_itself(content: bytes, reason: str, mine: Project) -> None:
    (mine.configs / "model" / "bad.yaml").write_bytes(content)

    found = {item.name: item for item in list_components(mine, "model")}

    assert found["bad"].description.startswith(f"broken: {mine.configs / 'model'}/{reason}")
    assert found["tiny"].config == "small"


def test_an_unknown_kind_is_told_with_the_nearest(mine: Project) -> None:
    with pytest.raises(UsageError, match=r"list: there is no kind 'modle'\. Did you mean 'model'\? Known: callback, "):
        list_components(mine, "modle")


@pytest.mark.parametrize("name", ["tiny", "model:tiny", "mine::tiny", "Mine::model:tiny", "small", "mine.tiny.Tiny"])
def test_a_component_is_described_without_importing_it(name: str, mine: Project) -> None:
    found = describe(name, mine)

    assert found.signature is not None
    content = found.to_json()
    assert content["docstring"] == "A tiny one.\n\nWith details."
    assert [(item["name"], item["annotation"], item["default"]) for item in content["parameters"]] == [
        ("width", "int", None),
        ("depth", "int", "2"),
        ("more", "float", None),
    ]
    assert content["source"] == f"{mine.root / 'mine' / 'tiny.py'}:3"


def test_a_config_is_described_by_its_comment_and_its_text(mine: Project) -> None:
    content = describe("experiment:mine", mine).to_json()

    assert (content["description"], content["parameters"]) == ("My own.", [])
    assert content["example"].endswith("name: mine\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tinny", "nothing is called 'tinny'. Did you mean 'tiny'?"),
        ("resnet8", "'resnet8' may be accelerator-framework::model:resnet8 or mine::model:resnet8. Name one of them."),
        ("loss:tiny", "there is no 'loss:tiny', but there is model:tiny of mine."),
        ("absent.module.Thing", "the source of 'absent.module.Thing' cannot be found"),
        (
            "accelerator.domain.cross.mlp.MPL",
            "does not tell what it takes. Did you mean 'accelerator.domain.cross.mlp.MLP'?",
        ),
    ],
)
def test_what_cannot_be_described_is_told(name: str, message: str, mine: Project) -> None:
    with pytest.raises(UsageError) as raised:
        describe(name, mine)
    assert message in str(raised.value)


def test_the_choice_that_a_message_proposes_works(mine: Project) -> None:
    assert describe("mine::model:resnet8", mine).item.package == "mine"


def test_a_broken_component_is_named_with_its_distribution(mine: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])  # put back after the project has been put on it

    with pytest.raises(
        Exception, match=r"model 'broken' of mine \(mine\.tiny:Broken\) does not import: .*absent_library"
    ):
        describe("broken", mine)
