"""Plugins that are broken, or that want the same name: each breaks nothing but its own components.

They are installed as their metadata and a module, in a folder that stands on `sys.path`.
"""

import sys
from pathlib import Path

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS

NET = '''
import torch


class Net(torch.nn.Module):
    """A net of one layer."""

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(64 * in_channels, num_classes)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self.layer(input.flatten(1))
'''
MODULES = {
    "fine_nets.py": NET,
    "broken_syntax.py": "def net(:\n",
    "broken_import.py": "import a_library_that_is_absent\n",
    "broken_exit.py": "import sys\nsys.exit(7)\n",
}
ENTRY_POINTS = {
    "broken-nets": """
[accelerator.model]
fine = fine_nets:Net
syntax = broken_syntax:net
needs = broken_import:Net
quits = broken_exit:Net
lost = fine_nets:Absent
twin = fine_nets:Net
resnet8 = fine_nets:Net
[accelerator.configs]
broken = fine_nets.absent
""",
    "other-nets": "[accelerator.model]\ntwin = fine_nets:Net\n",
}
TRAIN = ("experiment", "train", "experiment=digits_resnet", "--dry_run", "tracking=none")


@pytest.fixture(autouse=True)
def site(inside_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the plugins are installed into, beside a project that is the working folder."""
    site = tmp_path / "site"
    site.mkdir()
    for name, text in MODULES.items():
        (site / name).write_text(text, encoding="utf-8")
    for name, text in ENTRY_POINTS.items():
        _install(site, name, text)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for module in MODULES:
        monkeypatch.delitem(sys.modules, module.removesuffix(".py"), raising=False)
    return site


@pytest.mark.parametrize(
    ("name", "module", "reason"),
    [
        ("syntax", "broken_syntax:net", "SyntaxError: invalid syntax (broken_syntax.py, line 1)"),
        ("needs", "broken_import:Net", "ModuleNotFoundError: No module named 'a_library_that_is_absent'"),
        ("quits", "broken_exit:Net", "SystemExit: 7"),
        ("lost", "fine_nets:Absent", "AttributeError: module 'fine_nets' has no attribute 'Absent'"),
    ],
)
def test_a_broken_component_is_told_when_it_is_used(
    name: str, module: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(GROUPS, [*TRAIN, f"model={{_target_: {name}}}", "model.in_channels=1"]) == 2

    told = capsys.readouterr().err
    assert f"model '{name}' of broken-nets ({module}) does not import: {reason}. Repair or update broken-nets" in told
    assert "Traceback" not in told


def test_what_else_the_same_plugin_has_still_works(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(GROUPS, [*TRAIN, "model._target_=fine"]) == 0

    assert "Dry run: composed, checked and built" in capsys.readouterr().out


def test_nothing_of_ours_is_disturbed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _install(site, "stranger", "[accelerator.model]\nthis is no entry point\n")

    codes = [
        run_command(GROUPS, ["experiment", "show", "experiment=digits_resnet", "model=resnet18"]),
        run_command(GROUPS, ["configure", "list", "model"]),
        run_command(GROUPS, ["configure", "describe", "resnet18"]),
    ]

    assert codes == [0, 0, 0]
    assert "broken-nets" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "owners"), [("twin", ["broken-nets", "other-nets"]), ("resnet8", ["accelerator-framework", "broken-nets"])]
)
def test_a_name_that_two_declare_is_told_with_both_and_the_choice_works(
    name: str, owners: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = owners

    assert run_command(GROUPS, [*TRAIN, f"model._target_={name}"]) == 2
    told = capsys.readouterr().err
    assert told == (
        f"model._target_ (command line): model '{name}' is declared by {first} and {second}. "
        f"Choose one: {first}::{name} or {second}::{name}.\n"
    )

    for owner in owners:
        assert run_command(GROUPS, [*TRAIN, f"model._target_={owner}::{name}"]) == 0


def _install(site: Path, name: str, entry_points: str) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
