"""Conditions on runs as a command line has them: `optimizer.lr<0.01 and status==completed`. Nothing is evaluated.

```
condition  = all {"or" all}
all        = one {"and" one}
one        = "not" one | "(" condition ")" | KEY [COMPARISON VALUE]
COMPARISON = "<" | "<=" | ">" | ">=" | "==" | "!="
VALUE      = NUMBER | "true" | "false" | "null" | 'TEXT' | "TEXT" | WORD
```

A KEY is what `accelerator.runs.values` knows of a run (`validation/accuracy`, `optimizer.lr`, `status`); one with
other characters stands in backquotes. Alone it holds for runs in which it has a value that is not null, false, 0 or "".
A run that lacks a key fulfils no comparison with it but `== null`; a number compares with a number, also where a
tracker has kept it as text, and a text with a text.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from accelerator.errors import UsageError, did_you_mean

Values: TypeAlias = Callable[[str], Any]
"""What a run has for a key; None when it has none."""
Test: TypeAlias = Callable[[Values], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign><=|>=|==|!=|<|>|=|\(|\))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |`(?P<quoted>[^`]+)`
    |(?P<word>[^\s<>=!()"'`]+))""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_WORDS = ("and", "or", "not")
_DEEPEST = 50


@dataclass(frozen=True)
class Condition:
    """What was parsed: the keys that it names, each with its place in the text, and the test itself."""

    text: str
    keys: Mapping[str, int]
    test: Test

    def check_keys(self, known: Collection[str], flag: str) -> None:
        """Let pass a condition whose keys are known.

        Raises:
            UsageError: a key that no run has; says where it stands, and the nearest.
        """
        for key, place in self.keys.items():
            if key not in known:
                raise UsageError(_at(flag, self.text, place, f"no run has the key '{key}'. {did_you_mean(key, known)}"))


@dataclass(frozen=True)
class _Token:
    kind: str
    """`sign`, `text` (in quotes), `quoted` (in backquotes), `word`, or `end`."""
    text: str
    place: int


def parse_condition(text: str, flag: str = "--where") -> Condition:
    """Parse a condition; `flag` is what it was given with, for messages.

    Raises:
        UsageError: it is none; says what is wrong, and where.

    Example:
        >>> condition = parse_condition("optimizer.lr<0.01 and not status==failed")
        >>> condition.test({"optimizer.lr": 0.001, "status": "completed"}.get)
        True
    """
    return _Parser(text, flag).parse()


def compare(value: Any, sign: str, wanted: Any) -> bool:
    """Tell whether a run's value stands to the one wanted as the sign says."""
    if wanted is None:
        return sign in ("==", "!=") and _COMPARISONS[sign](value, None)
    if value is None:
        return False
    left, right = _alike(value, wanted)
    if type(left) is not type(right):
        return sign == "!="
    return _COMPARISONS[sign](left, right)


class _Parser:
    """Climbs down the grammar; each method takes one of its rules."""

    def __init__(self, text: str, flag: str) -> None:
        self._text = text
        self._flag = flag
        self._tokens = self._split()
        self._keys: dict[str, int] = {}
        self._depth = 0

    def parse(self) -> Condition:
        if self._next.kind == "end":
            raise self._wrong(self._next, "is empty. Write for example status==completed")
        test = self._any()
        if self._next.kind != "end":
            what = f"'{self._next.text}' is one too many: join conditions with and, or; one of several is"
            raise self._wrong(self._next, f"{what} KEY==A or KEY==B")
        return Condition(self._text, self._keys, test)

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _any(self) -> Test:
        tests = [self._all()]
        while self._takes("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda values: any(test(values) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._takes("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda values: all(test(values) for test in tests)

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(self._next, f"more than {_DEEPEST} parentheses or nots stand in one another")
        try:
            if self._takes("not"):
                test = self._one()
                return lambda values: not test(values)
            opening = self._next
            if self._takes("("):
                test = self._any()
                if not self._takes(")"):
                    raise self._wrong(opening, "this parenthesis is not closed: a ) is missing")
                return test
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Test:
        token = self._tokens.pop(0)
        if token.kind not in ("word", "quoted") or token.text in _WORDS or _is_number(token.text):
            came = f"'{token.text}' came" if token.text else "it ends here"
            raise self._wrong(
                token, f"a key of a run is needed, and {came}. Write KEY<VALUE, such as optimizer.lr<0.01"
            )
        key = token.text
        self._keys.setdefault(key, token.place)
        sign = self._next
        if sign.kind != "sign" or sign.text in "()":
            return lambda values: bool(values(key))
        del self._tokens[0]
        if sign.text == "=":
            raise self._wrong(sign, "equality is written ==")
        wanted = self._value()
        return lambda values: compare(values(key), sign.text, wanted)

    def _value(self) -> Any:
        token = self._tokens.pop(0)
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        if token.kind != "word" or token.text in _WORDS:
            came = f"'{token.text}' came" if token.text else "it ends here"
            raise self._wrong(token, f"a value is needed, and {came}. Write a number, a word, or a text in quotes")
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        return float(token.text) if _is_number(token.text) else token.text

    def _takes(self, text: str) -> bool:
        is_it = self._next.kind in ("word", "sign") and self._next.text == text
        if is_it:
            del self._tokens[0]
        return is_it

    def _split(self) -> list[_Token]:
        tokens: list[_Token] = []
        place = 0
        while self._text[place:].strip():
            found = _TOKEN.match(self._text, place)
            if found is None:
                place += len(self._text[place:]) - len(self._text[place:].lstrip())
                is_quote = self._text[place] in "\"'`"
                what = "this quote is not closed" if is_quote else f"'{self._text[place]}' means nothing here"
                raise self._wrong(_Token("", "", place), what)
            kind = str(found.lastgroup)
            tokens.append(_Token(kind, found[kind], found.start(kind)))
            place = found.end()
        return [*tokens, _Token("end", "", len(self._text))]

    def _wrong(self, token: _Token, what: str) -> UsageError:
        return UsageError(_at(self._flag, self._text, token.place, f"{what}."))


def _at(flag: str, text: str, place: int, what: str) -> str:
    """Return a message with the text and a mark below the place."""
    line = " ".join(text.splitlines()) if "\n" in text else text
    return f"{flag}, character {place + 1}: {what}\n  {line}\n  {' ' * place}^"


def _alike(value: Any, wanted: Any) -> tuple[Any, Any]:
    """Return both as numbers, or as truth values, where both are such; else as texts."""
    number = _as_number(value)
    if isinstance(wanted, float):
        return (number, wanted) if number is not None else (str(value), wanted)
    if isinstance(wanted, bool):
        is_truth = {"true": True, "false": False}.get(str(value).lower())
        return (is_truth, wanted) if is_truth is not None else (str(value), wanted)
    return ("" if value is None else str(value)), str(wanted)


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|nan)", text) is not None


def sort_key(value: Any) -> tuple[bool, float, str]:
    """Return what values sort by: numbers first, then texts; what is absent or no number (NaN) last."""
    number = _as_number(value)
    if number is not None:
        return number != number, 0.0 if number != number else number, ""
    return value is None, float("inf"), str(value)


def split_names(text: str, flag: str) -> Sequence[str]:
    """Return the names of a list with commas.

    Raises:
        UsageError: one of them is empty.
    """
    names = [name.strip().strip("`") for name in text.split(",")]
    if not all(names):
        raise UsageError(f"{flag} {text!r}: has an empty name. Write {flag} KEY,KEY.")
    return list(dict.fromkeys(names))
