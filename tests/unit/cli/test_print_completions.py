"""What is proposed at the end of a command line, group by group."""

from pathlib import Path

import pytest

from accelerator.cli.dispatch import verbs_of
from accelerator.cli.grammar import Verb, read_verb
from accelerator.cli.main import GROUPS
from accelerator.cli.print_completions import POSITIONALS, completions, print_completions
from accelerator.errors import TRACEBACK_VARIABLE

FREE = {"init.dir", "add.name"}
"""Positionals that only the user, or a file, can name."""
_VERBS = [
    pytest.param(read_verb(function, name), id=f"{name} {verb}")
    for name, group in GROUPS.items()
    for verb, function in verbs_of(group).items()
]


@pytest.fixture
def runs(inside_project: Path) -> None:
    for name in ("20261123-101500-3fa2b1", "20261124-090000-9c04e7"):
        folder = inside_project / "outputs" / "digits" / name
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text("{}", encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("accelerator exp", ["experiment"]),
        ("accelerator --v", ["--version"]),
        ("accelerator --project . con", ["configure"]),
        ("accelerator experiment re", ["resume"]),
        ("accelerator experiment expl", ["explain"]),
        ("accelerator experiment experi", ["experiment="]),
        ("accelerator experiment optimizer.l", ["optimizer.lr="]),
        ("accelerator experiment experiment=digits_resnet seed=1 trac", ["tracking=", "tracking."]),
        ("accelerator experiment --dry", ["--dry_run"]),
        ("accelerator experiment train --resume ", ["auto"]),
        ("accelerator experiment train --resume=", ["--resume=auto"]),
        ("accelerator experiment train --config ", []),
        ("accelerator experiment train --project ", []),
        ("accelerator experiment train --dry-run --", ["--resume", "--config", "--project", "--help"]),
        ("accelerator experiment evaluate last --split te", ["test"]),
        ("accelerator experiment evaluate last --split test --s", []),
        ("accelerator experiment evaluate last model=m", ["model=mlp"]),
        ("accelerator experiment train 'model=m", ["model=mlp"]),
        ('accelerator experiment train "model=m', ["model=mlp"]),
        ("accelerator experiment train name=a\\ b model=m", ["model=mlp"]),
        ("accelerator experiment train -- mode", ["model="]),
        ("accelerator experiment explain optimizer.l", ["optimizer.lr"]),
        ("accelerator experiment list ", []),
        ("accelerator pipeline run digits", ["digits_two_stage"]),
        ("accelerator pipeline status d", ["digits_two_stage"]),
        ("accelerator pipeline status p", ["paths."]),
        ("accelerator add sche", ["scheduler"]),
        ("accelerator add eng", []),
        ("accelerator add model ", []),
        ("accelerator configure list eng", ["engine"]),
        ("accelerator configure describe resnet1", ["resnet18"]),
        ("accelerator configure check model=m", ["model=mlp"]),
        ("accelerator completion z", ["zsh"]),
        ("accelerator nothing ", []),
        ("", ["experiment", *[name for name in GROUPS if name != "experiment"]]),
    ],
)
def test_a_line_goes_on_as_its_grammar_says(line: str, expected: list[str], inside_project: Path) -> None:
    assert completions(GROUPS, line) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["last", "20261124-090000-9c04e7", "20261123-101500-3fa2b1"]),
        ("20261123", ["20261123-101500-3fa2b1"]),
        ("3f", ["3fa2b1"]),
        ("x", []),
    ],
)
@pytest.mark.parametrize("verb", ["resume", "compare last", "explain optimizer.lr"])
@pytest.mark.usefixtures("runs")
def test_a_run_is_proposed_by_its_name_the_newest_first(verb: str, typed: str, expected: list[str]) -> None:
    found = completions(GROUPS, f"accelerator experiment {verb} {typed}")

    assert [name for name in found if not name.endswith(("=", "."))] == expected


@pytest.mark.usefixtures("runs")
def test_another_project_is_completed_from_outside(inside_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")

    assert completions(GROUPS, "accelerator experiment resume 3f") == []
    assert completions(GROUPS, f"accelerator --project {inside_project} experiment resume 3f") == ["3fa2b1"]


@pytest.mark.parametrize("verb", _VERBS)
def test_every_positional_is_proposed_or_known_to_be_free(verb: Verb) -> None:
    names = {*verb.positionals, *verb.optional, verb.repeated} - {None}

    assert {name for name in names if name not in POSITIONALS} <= {
        key.partition(".")[2] for key in (*POSITIONALS, *FREE) if key.startswith(f"{verb.name}.")
    }


def test_a_word_that_goes_on_has_no_space_behind_it(inside_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for typed in ("model=m", "mode", "callback=[prog", "vers"):
        assert print_completions(GROUPS, f"accelerator experiment train {typed}") == 0

    assert capsys.readouterr().out == "model=mlp \nmodel=\ncallback=[progress\n"


@pytest.mark.parametrize("broken", ["pyproject.toml", "configs/main.yaml", "configs/model/torn.yaml"])
def test_a_broken_project_is_met_with_silence(
    broken: str, inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside_project / broken).parent.mkdir(exist_ok=True)
    (inside_project / broken).write_text("a: [1\n{", encoding="utf-8")

    assert print_completions(GROUPS, "accelerator experiment train model=torn model.hi") == 0
    assert capsys.readouterr() == ("", "")


def test_what_broke_is_shown_to_who_asks_for_tracebacks(
    inside_project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    (inside_project / "pyproject.toml").write_text("a: [1\n", encoding="utf-8")

    assert print_completions(GROUPS, "accelerator experiment train mod") == 0
    assert "is not valid TOML" in capsys.readouterr().err
