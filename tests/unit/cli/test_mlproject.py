"""The entry points of MLproject: overrides come as one word, and are split as a shell splits."""

import shlex
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from accelerator.cli.mlproject import ENTRY_POINTS, command_of, main
from accelerator.errors import UsageError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("experiment=digits_resnet optimizer.lr=0.01", ["experiment=digits_resnet", "optimizer.lr=0.01"]),
        ("'+tags.note=two words, and more'", ["+tags.note=two words, and more"]),
        ("callback=[progress,ema] '+vars.x={a: 1, b: [2]}'", ["callback=[progress,ema]", "+vars.x={a: 1, b: [2]}"]),
        ('+tags.said="it\'s" \'+tags.q="x"\'', ["+tags.said=it's", '+tags.q="x"']),
        ("", []),
    ],
)
def test_overrides_are_split_as_a_shell_splits(word: str, words: list[str]) -> None:
    assert command_of(["train", word]) == ["experiment", "train", *words]


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        (["--force", "evaluate"], ["--force", "evaluate"]),
        (["--plan", "true"], ["--plan"]),
        (["--plan", "False", "--until", "two"], ["--until", "two"]),
        (["--plan", "True", "--only", "true_step"], ["--plan", "--only", "true_step"]),
    ],
)
def test_other_parameters_are_flags_of_the_command(given: list[str], flags: list[str]) -> None:
    assert command_of(["pipeline", "pipeline=two", *given]) == ["pipeline", "run", "pipeline=two", *flags]


def test_a_quote_that_is_not_closed_says_how_to_write_it() -> None:
    with pytest.raises(UsageError, match=r"overrides = \+tags.note=it's: .*No closing quotation\. Close the quote"):
        command_of(["train", "+tags.note=it's"])


def test_the_quote_that_is_advised_arrives_as_it_is_meant() -> None:
    with pytest.raises(UsageError) as caught:
        command_of(["train", "+tags.note=it's"])
    (typed,) = shlex.split(str(caught.value).partition("-P ")[2].rstrip("."))  # what a shell makes of it
    override = command_of(["train", typed.removeprefix("overrides=")])[-1]

    assert OverridesParser.create().parse_override(override).value() == "it's"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["trian", ""], "MLproject: there is no entry point 'trian'. Did you mean 'train'"),
        ([], "MLproject: there is no entry point ''."),
        (["train"], "MLproject: the entry point 'train' needs the overrides as one word. Add ''."),
    ],
)
def test_what_cannot_be_started_exits_with_2(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments)

    assert code == 2
    assert capsys.readouterr().err.startswith(text)


def test_our_mlproject_and_that_of_a_new_project_are_alike() -> None:
    ours = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
    template = (ROOT / "accelerator/scaffold/project/MLproject.template").read_text()
    theirs = yaml.safe_load(template.replace("=example", "=digits_resnet"))["entry_points"]

    assert ours == theirs
    assert {name: item["command"] for name, item in ours.items()} == {
        name: f"python -m accelerator.cli.mlproject {name} {{overrides}}" for name in ENTRY_POINTS
    }
