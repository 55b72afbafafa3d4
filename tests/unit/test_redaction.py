"""Secrets are masked by their key and in addresses; what only names them stays."""

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.redaction import is_secret_key, redact, redact_text


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "tracking.token",
        "HF_TOKEN",
        "accessToken",
        "db.password",
        "passwd",
        "client_secret",
        "api_key",
        "apiKey",
        "api-key",
        "ssh.private_key",
        "credentials",
        "AWS_SECRET_ACCESS_KEY",
    ],
)
def test_a_telling_key_is_secret(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "tokenizer",
        "max_tokens",
        "pad_token",
        "model.eos_token",
        "token_dim",
        "key",
        "keys",
        "secretary",
        "optimizer.lr",
    ],
)
def test_a_key_that_only_looks_alike_is_not_secret(key: str) -> None:
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:p@h/db", "postgresql://***@h/db"),
        ("tracking.tracking_uri=postgresql://u:p@h/db", "tracking.tracking_uri=postgresql://***@h/db"),
        ("https://host/path?token=abc&x=1", "https://host/path?token=***&x=1"),
        ("tracking.token=abc", "tracking.token=***"),
        ("+tracking.token='a b' seed=1", "+tracking.token=*** seed=1"),
        ("+callback.x={_target_: y, token: abc, n: 1}", "+callback.x={_target_: y, token: ***, n: 1}"),
        ('{"password": "abc", "user": "me"}', '{"password": ***, "user": "me"}'),
        ("--token abc --dry_run", "--token *** --dry_run"),
        ("tracking.token=${oc.env:TOKEN}", "tracking.token=${oc.env:TOKEN}"),
        ("tracking.token=${oc.env:TOKEN,abc}", "tracking.token=***"),
        ("postgresql://${oc.env:USER}:${oc.env:PW}@h/db", "postgresql://${oc.env:USER}:${oc.env:PW}@h/db"),
        ("tokenizer={password: abc, n: 1}", "tokenizer={password: ***, n: 1}"),
        ("+credentials={user: a, pins: [1, 2]} seed=1", "+credentials=*** seed=1"),
        ("+credentials={user: a", "+credentials=***"),
        ("tracking.token=null", "tracking.token=null"),
        ("optimizer.lr=0.1 model.tokenizer=bpe", "optimizer.lr=0.1 model.tokenizer=bpe"),
        ("mail me@host.org, see http://host/a@b", "mail me@host.org, see http://host/a@b"),
        ("password@model=small", "password@model=small"),
        ("1https://u:p@h", "1https://***@h"),
        ("the token is missing", "the token is missing"),
    ],
)
def test_text_keeps_all_but_the_secret(text: str, expected: str) -> None:
    assert redact_text(text) == expected


@pytest.mark.parametrize(
    "part", ["x", "key", "a.b/", "token ", "a=", "token=", "http://", "=token:", "password={", "u:"]
)
def test_a_long_text_takes_no_longer_than_its_length(part: str) -> None:
    short, long = (min(timeit.repeat(lambda: redact_text(part * n), number=1, repeat=3)) for n in (2_000, 32_000))

    assert long < 100 * short + 0.1  # its length squared: 256


def test_values_are_masked_below_a_secret_key() -> None:
    value = {"tracking": {"token": "abc", "pin": 3, "credentials": {"user": "me", "pins": [1, 2]}}, "lr": 0.1}

    assert redact(value) == {
        "tracking": {"token": "***", "pin": 3, "credentials": {"user": "***", "pins": ["***", "***"]}},
        "lr": 0.1,
    }


def test_a_named_variable_a_null_and_a_switch_stay() -> None:
    value = {"token": "${oc.env:TOKEN}", "password": None, "secret": True}

    assert redact(value) == value


def test_the_values_handed_in_are_not_changed() -> None:
    value = {"token": ["abc"]}
    redact(value)

    assert value == {"token": ["abc"]}


_TEXTS = st.text("abc:/@?=&.,'\"{}$ ***token password", max_size=40) | st.text(max_size=40)


@given(_TEXTS)
def test_redacting_a_text_twice_changes_nothing_more(text: str) -> None:
    once = redact_text(text)

    assert redact_text(once) == once


@given(
    st.recursive(
        _TEXTS | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=8
    )
)
def test_redacting_a_value_twice_changes_nothing_more(value: object) -> None:
    once = redact(value)

    assert redact(once) == once
