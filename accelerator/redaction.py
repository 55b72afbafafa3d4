"""Keeping secrets out of whatever is written: values of telling keys, and credentials in addresses.

What is masked: the value of a key such as `token`, `password`, `api_key`, and `user:password@` in an address.
What stays: `${oc.env:NAME}`, which names a secret without telling it.
"""

import re
from typing import Any

MASK = "***"

_SECRET_WORDS = {"password", "passwd", "pwd", "passphrase", "secret", "secrets", "credential", "credentials", "apikey"}
_SECRET_PAIRS = {(first, "key") for first in ("api", "private", "access", "auth", "encryption", "ssh", "signing")}
# `pad_token`, `eos_token`, … belong to a vocabulary
_VOCABULARY = set("pad bos eos cls sep mask unk start end stop special class image audio text per extra prefix".split())
_WORD_BREAK = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_ENVIRONMENT = re.compile(r"\$\{oc\.env:[A-Za-z_][A-Za-z0-9_]*\}")

# Each word is looked at from its start alone, and never again from within: a long one would take its length squared.
_ADDRESS = re.compile(r"(?<![A-Za-z0-9+.\-])(?P<scheme>[A-Za-z0-9+.\-]++://)(?P<user>[^\s/?#\"']*)@")
_KEY = re.compile(
    r"(?<![\w.@/\-])(?=[\w.@/\-]*?(?:token|passw|pwd|passphrase|secret|credential|key))(?P<key>[\w.@/\-]++)[\"']?"
    r"(?P<between>\s*+[=:]\s*+|(?<=[a-z])\s++(?=[^\s\-=:]))",
    re.IGNORECASE,
)
_VALUE = re.compile(r"\$\{[^{}]*\}|\"[^\"]*\"|'[^']*'|[^\s,&}\]\"']+")


def is_secret_key(key: str) -> bool:
    """Tell whether the last part of a config path, flag or variable names a secret (`tracking.api_key`).

    Example:
        >>> is_secret_key("tracking.access_token"), is_secret_key("tokenizer"), is_secret_key("model.pad_token")
        (True, False, False)
    """
    last = re.split(r"[./]", key)[-1]
    words = [word.lower() for word in _WORD_BREAK.split(last) if word]
    if _SECRET_WORDS.intersection(words) or _SECRET_PAIRS.intersection(zip(words, words[1:])):
        return True
    return words[-1:] == ["token"] and not _VOCABULARY.intersection(words)


def redact_text(text: str) -> str:
    """Return text without the credentials of addresses and without the values of `key=value` of secret keys.

    Example:
        >>> redact_text("postgresql://me:pw@host/db tracking.token=abc")
        'postgresql://***@host/db tracking.token=***'
        >>> redact_text("tracking.token='${oc.env:TOKEN}'")
        "tracking.token='${oc.env:TOKEN}'"
    """
    text = _ADDRESS.sub(_masked_address, text)
    parts, place = [], 0
    while found := _KEY.search(text, place):
        start = found.end()
        end = _end_of_value(text, start) if _is_assigned(found) else start
        parts += [text[place:start], MASK] if end > start else [text[place:start]]
        place = end
    return "".join([*parts, text[place:]])


def redact(value: Any, key: str = "") -> Any:
    """Return a copy of a value made of dicts, lists and plain values, with what is secret masked.

    `key` is where the value stands; all that stands below a secret key is masked.
    """
    if isinstance(value, dict):
        return {name: redact(item, key if is_secret_key(key) else str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item, key) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if is_secret_key(key):
        return value if isinstance(value, str) and _ENVIRONMENT.fullmatch(value) else MASK
    return redact_text(value) if isinstance(value, str) else value


def _masked_address(found: re.Match[str]) -> str:
    only_names = not _ENVIRONMENT.sub("", found["user"]).strip(":")
    return found[0] if only_names else f"{found['scheme']}{MASK}@"


def _is_assigned(found: re.Match[str]) -> bool:
    """Tell whether a secret key is given a value, and not just spoken of: `token abc`."""
    is_prose = not found["between"].strip() and not found["key"].startswith("-")
    return not is_prose and is_secret_key(found["key"].rpartition("@")[2])


def _end_of_value(text: str, start: int) -> int:
    """Return where the secret value that begins at `start` ends: there, when it tells no secret."""
    found = _VALUE.match(text, start)
    if found is None or _ENVIRONMENT.fullmatch(found[0].strip("\"'")) or found[0] in ("null", "None"):
        return start
    if found[0][0] not in "{[":
        return found.end()
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "{[") - (text[place] in "}]")
        if depth == 0:
            return place + 1
    return len(text)
