"""From tokens to the call of a verb, through our grammar and Fire."""

from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.cli.dispatch import run_command, verbs_of
from accelerator.config.project import Project, find_project


class Group:
    """Things to try.

    Examples:
      accelerator group go a=1
    """

    default_verb = "go"
    calls: ClassVar[list[Any]] = []

    def __init__(self, project: Project) -> None:
        self._root = project.root

    def go(self, *overrides: str, mode: Literal["slow", "fast"] | None = None, dry_run: bool = False) -> int:
        """Go somewhere.

        Flags:
          --mode       how
          --dry_run    not really
        """
        self.calls.append((self._root, overrides, mode, dry_run))
        return 0

    def look_at(self, run: str, *, part: str = "all") -> int:
        """Look at a run."""
        self.calls.append((run, part))
        return 1


class Inspect:
    """Look around."""

    default_verb = "inspect"
    calls: ClassVar[list[Any]] = []

    def __init__(self, project: Project) -> None:
        self._root = project.root

    def inspect(self, key: str | None = None, *overrides: str, deep: bool = False) -> int:
        """Look around.

        Flags:
          --deep  further
        """
        self.calls.append((key, overrides, deep))
        return 0


ROOT = find_project().root
GROUPS = {"group": Group, "inspect": Inspect}


@pytest.fixture(autouse=True)
def _forget_calls() -> None:
    Group.calls.clear()
    Inspect.calls.clear()


def test_a_verb_is_called_with_what_was_typed() -> None:
    code = run_command(GROUPS, ["group", "go", "a=1", "--mode", "fast", "--dry-run", "+b=[1,2]"])

    assert code == 0
    assert Group.calls == [(ROOT, ("a=1", "+b=[1,2]"), "fast", True)]


@pytest.mark.parametrize(
    ("tokens", "call"),
    [
        ([], (None, (), False)),
        (["here", "--deep"], ("here", (), True)),
        (["a=1"], (None, ("a=1",), False)),
        (["None", "a=1"], ("None", ("a=1",), False)),
    ],
)
def test_a_group_with_a_verb_of_its_own_name_is_a_command(tokens: list[str], call: tuple[object, ...]) -> None:
    assert run_command(GROUPS, ["inspect", *tokens]) == 0
    assert Inspect.calls == [call]


def test_help_of_a_command_shows_its_usage(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(GROUPS, ["inspect", "--help"])

    assert capsys.readouterr().out.startswith("accelerator inspect [KEY] [OVERRIDE...] [--deep]\n")


def test_the_exit_code_is_that_of_the_verb() -> None:
    assert run_command(GROUPS, ["group", "look_at", "last"]) == 1


def test_hyphen_and_underscore_are_alike_in_verbs() -> None:
    run_command(GROUPS, ["group", "look-at", "last"])

    assert Group.calls == [("last", "all")]


@pytest.mark.parametrize("tokens", [["a=1"], ["--dry_run", "a=1"], ["--", "a=1"]])
def test_no_verb_means_the_default_verb(tokens: list[str]) -> None:
    run_command(GROUPS, ["group", *tokens])

    assert [call[1] for call in Group.calls] == [("a=1",)]


@pytest.mark.parametrize(
    "text", ["1", "007", "1e3", "[1,2]", "{a: 1}", "None", "True", "'x'", '"x"', "a b", "ä", "\\n"]
)
def test_a_value_is_never_turned_into_something_else(text: str) -> None:
    run_command(GROUPS, ["group", "look_at", text, f"--part={text}"])

    assert Group.calls == [(text, text)]


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"))))
def test_overrides_arrive_as_they_were_typed(texts: list[str]) -> None:
    Group.calls.clear()
    Inspect.calls.clear()
    overrides = tuple(f"key={text}" for text in texts)

    run_command(GROUPS, ["group", "go", *overrides])

    assert Group.calls[0][1] == overrides


def test_a_string_that_is_no_utf8_arrives_as_it_was_typed() -> None:
    run_command(GROUPS, ["group", "go", "a=\udcff"])

    assert Group.calls[0][1] == ("a=\udcff",)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_the_project_may_stand_anywhere(place: int, tmp_path: Path) -> None:
    tokens = ["group", "go", "a=1"]
    tokens[place:place] = ["--project", str(tmp_path)]

    run_command(GROUPS, tokens)

    assert Group.calls == [(tmp_path, ("a=1",), None, False)]


def test_a_verb_prints_nothing_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(GROUPS, ["group", "look_at", "last"])

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["group", "goo"], "accelerator group has no verb 'goo'. Did you mean 'go'? Known: go, look_at."),
        (
            ["group", "lookat", "last"],
            "accelerator group has no verb 'lookat'. Did you mean 'look_at'? Known: go, look_at.",
        ),
        (["group", "default_verb"], "accelerator group has no verb 'default_verb'. Known: go, look_at."),
        (["grop"], "accelerator: there is no group 'grop'. Did you mean 'group'? Known: group, inspect."),
        (["go", "a=1"], "accelerator: there is no group 'go'. Did you mean 'accelerator group go'?"),
        (["a=1"], "accelerator: there is no group 'a=1'. Did you mean 'accelerator group a=1'?"),
        (
            ["--versio"],
            "accelerator: there is no flag '--versio'. Did you mean '--version'? Known: --help, --project, --version.",
        ),
        (
            ["group", "go", "--project", "no/such"],
            "accelerator: --project 'no/such' is no folder. Name the folder that holds configs/.",
        ),
    ],
)
def test_what_cannot_be_understood_exits_2_without_a_traceback(
    tokens: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_command(GROUPS, tokens)

    assert code == 2
    assert capsys.readouterr() == ("", f"{message}\n")
    assert Group.calls == []


@pytest.mark.parametrize("tokens", [[], ["--help"], ["-h"]])
def test_help_of_the_program_lists_the_groups(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command(GROUPS, tokens)

    assert code == 0
    assert "Groups:\n  group    Things to try\n  inspect  Look around\n" in capsys.readouterr().out


@pytest.mark.parametrize("tokens", [["group"], ["group", "--help"], ["-h", "group"]])
def test_help_of_a_group_lists_its_verbs(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command(GROUPS, tokens)

    assert code == 0
    assert capsys.readouterr().out == (
        "accelerator group VERB [ARGUMENT...]\n\nThings to try.\n\n"
        "Verbs:\n  go       Go somewhere\n  look_at  Look at a run\n\n"
        "Examples:\n  accelerator group go a=1\n"
    )


@pytest.mark.parametrize(
    "tokens", [["group", "go", "--help"], ["group", "go", "a=1", "-h"], ["group", "a=1", "--help"]]
)
def test_help_of_a_verb_shows_its_usage_and_flags(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command(GROUPS, tokens)

    assert code == 0
    assert capsys.readouterr().out == (
        "accelerator group go [OVERRIDE...] [--mode slow|fast] [--dry_run]\n\n"
        "Go somewhere.\n\nFlags:\n  --mode       how\n  --dry_run    not really\n"
    )


def test_the_verbs_are_the_public_methods_in_order() -> None:
    assert list(verbs_of(Group)) == ["go", "look_at"]


def test_the_verbs_of_base_classes_follow_the_groups_own() -> None:
    class Wider(Group):
        def stay(self) -> int:
            return 0

        def look_at(self, run: str) -> int:
            return len(run)

    verbs = verbs_of(Wider)

    assert list(verbs) == ["stay", "look_at", "go"]
    assert verbs["look_at"] is Wider.look_at


@pytest.mark.parametrize("tokens", [["--version"], ["group", "--version"], ["inspect", "--version"]])
def test_the_version_is_told_alone_or_behind_a_group(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(GROUPS, tokens) == 0
    assert capsys.readouterr().out == f"accelerator {version('accelerator-framework')}\n"


@pytest.mark.parametrize("tokens", [["group", "go", "--version"], ["nothing", "--version"]])
def test_the_version_is_no_flag_of_a_verb_or_of_what_is_no_group(
    tokens: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(GROUPS, tokens) == 2
    assert "accelerator" in capsys.readouterr().err
