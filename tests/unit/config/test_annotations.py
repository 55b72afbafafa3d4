"""Annotations are judged by their text alone: what cannot be judged fits."""

from typing import Any

import pytest

from accelerator.config.annotations import UNKNOWN, allowed_text, example_of, fits


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", [0, -3], [1.5, "1", True, None]),
        ("float", [1, 0.5], ["x", False]),
        ("bool", [True], [1, "true"]),
        ("str", ["a"], [1, None]),
        ("Optional[int]", [None, 1], ["a"]),
        ("Union[int, 'str']", [1, "a"], [1.5]),
        ("typing.Sequence[int]", [[1, 2], []], [1, ["a"], "ab"]),
        ("tuple[int, str]", [[1, "a"]], [[1], [1, 2]]),
        ("tuple[int, ...]", [[1, 2, 3]], [["a"]]),
        ("dict[str, float]", [{"a": 0.5}], [[1], {"a": "x"}]),
        ("Literal['min', 'max']", ["min"], ["mean", None]),
        ("Literal[-1, 1]", [-1, 1], [0, True]),
        ("Annotated[int, 'of pixels']", [1], ["a"]),
        ("'int | None'", [None, 2], ["a"]),
    ],
)
def test_a_value_fits_or_does_not(annotation: str, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not fits(annotation, value)] == []
    assert [value for value in bad if fits(annotation, value)] == []


@pytest.mark.parametrize("annotation", [None, "Whatever", "list[T]", "not a (type", "Literal[Mode.FAST]", "Any"])
def test_what_cannot_be_judged_fits(annotation: str | None) -> None:
    assert fits(annotation, ["x"]) and fits(annotation, UNKNOWN)


def test_what_only_the_run_knows_fits_everywhere() -> None:
    assert fits("int", UNKNOWN) and fits("list[int]", [UNKNOWN, 1])
    assert not fits("list[int]", [UNKNOWN, "a"])


@pytest.mark.parametrize(
    ("annotation", "text", "example"),
    [
        ("int | None", "int or null", 1),
        ("Literal['a', 'b']", "'a' or 'b'", "a"),
        ("bool", "true or false", True),
        ("float | Tensor", "float", 0.1),
        ("tuple[float, float]", "tuple[float, float]", [0.1, 0.1]),
        ("Whatever", "Whatever", UNKNOWN),
        (None, "anything", UNKNOWN),
    ],
)
def test_what_is_allowed_is_said_with_an_example(annotation: str | None, text: str, example: Any) -> None:
    assert (allowed_text(annotation), example_of(annotation)) == (text, example)
