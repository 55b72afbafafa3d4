"""The grammar of a command line, token by token."""

from pathlib import Path
from typing import Literal

import pytest

from accelerator.cli.grammar import Call, Flag, Verb, asks_for_help, is_override, parse, read_verb, take_flag
from accelerator.errors import UsageError


class Verbs:
    def train(self, *overrides: str, resume: Literal["auto"] | None = None, dry_run: bool = False) -> int:
        return len(overrides)

    def evaluate(self, run: str, *, split: str = "test") -> int:
        return len(run + split)

    def go_on(self, run: str, *overrides: str, fork: bool = False) -> int:
        return len(overrides)

    def show(self) -> int:
        return 0

    def explain(self, key: str, run: str | None = None, *overrides: str) -> int:
        return len(overrides)

    def add(self, *, from_: str | None = None) -> int:
        return len(from_ or "")

    def compare(self, *runs: str, json: bool = False) -> int:
        return len(runs)


TRAIN = read_verb(Verbs.train, "accelerator experiment")
EVALUATE = read_verb(Verbs.evaluate, "accelerator experiment")
GO_ON = read_verb(Verbs.go_on, "accelerator experiment")
SHOW = read_verb(Verbs.show, "accelerator experiment")
EXPLAIN = read_verb(Verbs.explain, "accelerator experiment")
ADD = read_verb(Verbs.add, "accelerator")
COMPARE = read_verb(Verbs.compare, "accelerator experiment")


def test_a_verb_is_read_from_the_signature_of_its_method() -> None:
    assert TRAIN == Verb(
        name="train",
        command="accelerator experiment train",
        positionals=(),
        takes_overrides=True,
        flags={"resume": Flag("resume", False, ("auto",)), "dry_run": Flag("dry_run", True)},
    )
    assert EVALUATE.positionals == ("run",)
    assert EVALUATE.flags == {"split": Flag("split")}
    assert not EVALUATE.takes_overrides


def test_a_flag_may_be_a_word_of_python() -> None:
    assert ADD.flags == {"from": Flag("from")}
    assert ADD.flags["from"].parameter == "from_"
    assert parse(ADD, ["--from", "a.B"]) == Call(flags={"from": "a.B"})


@pytest.mark.parametrize(
    ("tokens", "call"),
    [
        (["key"], Call(("key", None))),
        (["key", "last"], Call(("key", "last"))),
        (["key", "a=1"], Call(("key", None), ("a=1",))),
        (["key", "last", "a=1", "b=2"], Call(("key", "last"), ("a=1", "b=2"))),
    ],
)
def test_an_optional_positional_that_is_left_out_is_none(tokens: list[str], call: Call) -> None:
    assert parse(EXPLAIN, tokens) == call


@pytest.mark.parametrize("runs", [[], ["a"], ["a", "b", "c"]])
def test_a_repeated_positional_stands_any_number_of_times(runs: list[str]) -> None:
    assert parse(COMPARE, [*runs, "--json"]) == Call(tuple(runs), (), {"json": True})


@pytest.mark.parametrize(
    "token",
    ["experiment=a", "+x=1", "++z.b=[1,2]", "~y", "step-1:~y", "a={b:1}", "x=null", "seed=007", "name=", "=", "a=b=c"],
)
def test_an_override_stays_an_untouched_string(token: str) -> None:
    assert is_override(token)
    assert parse(TRAIN, [token]) == Call(overrides=(token,))


def test_a_switch_does_not_swallow_the_override_after_it() -> None:
    call = parse(TRAIN, ["--dry_run", "a=1"])

    assert call == Call(overrides=("a=1",), flags={"dry_run": True})


@pytest.mark.parametrize("tokens", [["--dry-run"], ["--dry_run"]])
def test_hyphen_and_underscore_are_alike_in_flags(tokens: list[str]) -> None:
    assert parse(TRAIN, tokens).flags == {"dry_run": True}


@pytest.mark.parametrize("tokens", [["--resume", "auto", "a=1"], ["a=1", "--resume=auto"]])
def test_a_value_follows_its_flag_or_an_equals_sign(tokens: list[str]) -> None:
    assert parse(TRAIN, tokens) == Call(overrides=("a=1",), flags={"resume": "auto"})


def test_the_token_after_a_flag_is_its_value_even_with_an_equals_sign() -> None:
    assert parse(EVALUATE, ["--split", "a=1", "last"]) == Call(("last",), (), {"split": "a=1"})


def test_a_value_may_be_empty_when_it_is_given_so() -> None:
    assert parse(EVALUATE, ["last", "--split="]).flags == {"split": ""}


def test_two_hyphens_end_the_flags() -> None:
    assert parse(TRAIN, ["--", "--dry_run=1", "a=1"]) == Call(overrides=("--dry_run=1", "a=1"))


def test_an_existing_path_is_a_run_even_with_an_equals_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lr=0.1").mkdir()

    assert parse(GO_ON, ["seed=1", "lr=0.1", "epochs=2"]) == Call(("lr=0.1",), ("seed=1", "epochs=2"))


def test_an_existing_path_is_an_override_where_no_run_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lr=0.1").mkdir()

    assert parse(TRAIN, ["lr=0.1"]) == Call(overrides=("lr=0.1",))
    assert parse(GO_ON, ["last", "lr=0.1"]) == Call(("last",), ("lr=0.1",))


def test_an_override_longer_than_any_file_name_is_still_an_override() -> None:
    long = "vars.x=" + "1" * 5000

    assert parse(GO_ON, [long, "last"]) == Call(("last",), (long,))


@pytest.mark.parametrize(
    ("verb", "tokens", "message"),
    [
        (
            TRAIN,
            ["--dry_rum"],
            "accelerator experiment train: there is no flag '--dry_rum'. Did you mean '--dry_run'? "
            "Known: --resume, --dry_run, --project, --help. A config value is written without hyphens: key=value.",
        ),
        (
            TRAIN,
            ["-m"],
            "accelerator experiment train: there is no flag '-m'. Known: --resume, --dry_run, --project, --help. "
            "A config value is written without hyphens: key=value.",
        ),
        (
            EVALUATE,
            ["last", "--splot=test"],
            "accelerator experiment evaluate: there is no flag '--splot'. Did you mean '--split'? "
            "Known: --split, --project, --help.",
        ),
        (
            TRAIN,
            ["--dry_run=true"],
            "accelerator experiment train: --dry_run takes no value, '--dry_run=true' came. Write --dry_run alone.",
        ),
        (TRAIN, ["--resume"], "accelerator experiment train: --resume needs a value. Write --resume VALUE."),
        (
            TRAIN,
            ["--resume", "--dry_run"],
            "accelerator experiment train: --resume needs a value, but '--dry_run' follows. Write --resume VALUE, "
            "or --resume=--dry_run if that is the value.",
        ),
        (
            TRAIN,
            ["--resume", "autp"],
            "accelerator experiment train: --resume cannot be 'autp'. Did you mean 'auto'? Known: auto.",
        ),
        (TRAIN, ["--dry_run", "--dry-run"], "accelerator experiment train: --dry_run is given twice. Give it once."),
        (
            TRAIN,
            ["digits"],
            "accelerator experiment train takes only overrides (key=value); 'digits' is one too many. "
            "See accelerator experiment train --help.",
        ),
        (
            EVALUATE,
            ["last", "again"],
            "accelerator experiment evaluate takes only RUN; 'again' is one too many. "
            "See accelerator experiment evaluate --help.",
        ),
        (
            SHOW,
            ["again"],
            "accelerator experiment show takes no arguments; 'again' is one too many. "
            "See accelerator experiment show --help.",
        ),
        (EVALUATE, ["last", "a=1"], "accelerator experiment evaluate takes no overrides, 'a=1' came. Leave it out."),
        (EVALUATE, [], "accelerator experiment evaluate needs a RUN. See accelerator experiment evaluate --help."),
        (
            GO_ON,
            ["no/such=run"],
            "accelerator experiment go_on needs a RUN ('no/such=run' is no existing path, so it was read as an "
            "override). See accelerator experiment go_on --help.",
        ),
    ],
)
def test_what_cannot_be_understood_is_said(verb: Verb, tokens: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(verb, tokens)

    assert str(caught.value) == message


def test_a_flag_of_every_verb_is_taken_wherever_it_stands() -> None:
    assert take_flag("project", ["train", "--project", "x", "a=1"]) == ("x", ["train", "a=1"])
    assert take_flag("project", ["--project=x", "train"]) == ("x", ["train"])
    assert take_flag("project", ["train", "--", "--project", "x"]) == (None, ["train", "--", "--project", "x"])
    assert take_flag("project", ["train", "__project", "project=x"]) == (None, ["train", "__project", "project=x"])


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["train", "--project"], "accelerator: --project needs a value. Write --project VALUE."),
        (["--project=a", "--project", "b"], "accelerator: --project is given twice. Give it once."),
    ],
)
def test_a_flag_of_every_verb_needs_one_value(tokens: list[str], message: str) -> None:
    with pytest.raises(UsageError, match="^" + message + "$"):
        take_flag("project", tokens)


def test_help_is_asked_for_before_the_end_of_the_flags() -> None:
    assert asks_for_help(["train", "-h"])
    assert asks_for_help(["--help"])
    assert not asks_for_help(["train", "--", "--help"])
    assert not asks_for_help(["train", "help=1"])
