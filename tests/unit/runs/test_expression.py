"""Conditions on runs: what they mean, and what is said about those that mean nothing."""

import math

import pytest

from accelerator.errors import UsageError
from accelerator.runs.expression import parse_condition, sort_key

RUN = {
    "status": "completed",
    "name": "my digits",
    "optimizer.lr": 0.003,
    "loader.batch_size": "64",
    "train.clip_norm": None,
    "model.bias": True,
    "validation/accuracy": 0.97,
    "train/loss": math.nan,
    "odd key": 1,
    "started": "2026-11-23 10:15:00",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimizer.lr<0.01", True),
        ("optimizer.lr < 3e-3", False),
        ("optimizer.lr<=3e-3", True),
        ("optimizer.lr>-1", True),
        ("validation/accuracy>=0.97 and status==completed", True),
        ("status==failed or optimizer.lr==0.003", True),
        ("status==failed or status==completed and optimizer.lr>1", False),
        ("(status==failed or status==completed) and not optimizer.lr>1", True),
        ("not not status==completed", True),
        ("name=='my digits'", True),
        ('name=="my \\"digits\\""', False),
        ("name!='my digits'", False),
        ("loader.batch_size==64", True),
        ("loader.batch_size>100", False),
        ("status>3", False),
        ("status!=3", True),
        ("model.bias==true", True),
        ("model.bias==false", False),
        ("model.bias", True),
        ("train.clip_norm", False),
        ("train.clip_norm==null", True),
        ("train.clip_norm!=null", False),
        ("absent==null and not absent<1", True),
        ("absent!=1", False),
        ("train/loss<1 or train/loss>=1", False),
        ("`odd key`==1", True),
        ("started>'2026-11-20'", True),
    ],
)
def test_a_condition_means_what_it_says(text: str, expected: bool) -> None:
    assert parse_condition(text).test(RUN.get) is expected


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", 1, "is empty"),
        ("status=completed", 7, "equality is written =="),
        ("status==", 9, "a value is needed, and it ends here"),
        ("status== and", 10, "a value is needed, and 'and' came"),
        ("0.01>optimizer.lr", 1, "a key of a run is needed, and '0.01' came"),
        ("status==completed and", 22, "a key of a run is needed, and it ends here"),
        ("status==completed step>3", 19, "'step' is one too many: join conditions with and, or"),
        (
            "status in [failed,died]",
            8,
            "'in' is one too many: join conditions with and, or; one of several is KEY==A or K",
        ),
        ("(status==completed", 1, "this parenthesis is not closed"),
        ("status=='completed", 9, "this quote is not closed"),
        ("status ! completed", 8, "'!' means nothing here"),
        ("not " * 60 + "status", 201, "more than 50 parentheses or nots"),
        ("__import__('os').system('x')", 11, "'(' is one too many"),
    ],
)
def test_what_is_no_condition_is_shown_with_its_place(text: str, place: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_condition(text)

    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"--where, character {place}: ") and message in lines[0]
    assert len(lines[2]) - 2 == place and lines[2].endswith("^")


def test_an_unknown_key_is_shown_with_its_place_and_the_nearest() -> None:
    with pytest.raises(UsageError, match="character 23: no run has the key 'optimizer.lrr'. Did you mean 'optimizer.l"):
        parse_condition("status==completed and optimizer.lrr<1").check_keys(RUN, "--where")


def test_values_sort_numbers_first_and_what_is_absent_last() -> None:
    values = [None, "b", math.nan, 10, "2", -1.5, "a"]

    assert sorted(values, key=sort_key)[:5] == [-1.5, "2", 10, "a", "b"]
