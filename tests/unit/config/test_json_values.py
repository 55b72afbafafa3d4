"""What JSON Schema says of a value is what reading it says."""

from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft7Validator

from accelerator.config.json_values import annotation_schema, either, or_interpolation, section_schema
from accelerator.config.read import read_section
from accelerator.config.schema import SECTIONS, RootConfig
from accelerator.errors import ConfigError

VALUES: list[Any] = [
    *(None, True, -1, 0, 1, 7, -0.5, 0.5, "", "  ", "x", [], ["a", "b"], [1], {}),
    *("10ep", "0.25ep", "0ep", "0.0min", "500st", "2.0st", "0.5st", "30min", "45 s", "2h", "3days", "-1ep"),
    *("min", "max", "last", "best", "fail", "local"),
]
KEYS = [(cls, item.name) for cls in (RootConfig, *SECTIONS.values()) for item in fields(cls)]


@pytest.mark.parametrize(("cls", "key"), KEYS, ids=lambda item: getattr(item, "__name__", item))
def test_a_value_is_right_for_the_schema_where_it_can_be_read(cls: type, key: str) -> None:
    validator = Draft7Validator(section_schema(cls))

    assert [value for value in VALUES if validator.is_valid({key: value}) != _is_read(cls, key, value)] == []


@pytest.mark.parametrize(("cls", "key"), KEYS, ids=lambda item: getattr(item, "__name__", item))
def test_an_interpolation_may_stand_for_every_value(cls: type, key: str) -> None:
    assert Draft7Validator(section_schema(cls)).is_valid({key: "${vars.x}"})


def test_a_section_takes_no_other_keys_unless_it_may() -> None:
    assert not Draft7Validator(section_schema(RootConfig)).is_valid({"other": 1})
    assert Draft7Validator(section_schema(RootConfig, others=True)).is_valid({"other": 1})


def test_a_description_says_what_a_key_is_for_and_its_default() -> None:
    properties = section_schema(SECTIONS["train"])["properties"]

    assert properties["epochs"]["description"] == "passes over the training data (default 10)"
    assert properties["max_time"]["description"] == "time of training (default null)"
    assert properties["log_every"]["patternErrorMessage"].startswith("Must be an interval such as 10ep")
    assert properties["epochs"]["patternErrorMessage"] == "Must be a whole number or null, or an interpolation."


@pytest.mark.parametrize(
    ("annotation", "right", "wrong"),
    [
        ("int", [1], [1.5, "a", None, True]),
        ("float", [1, 1.5], ["a"]),
        ("str | None", ["a", None], [1]),
        ("Optional[bool]", [True, None], ["yes", 1]),
        ("typing.Literal['a', 'b']", ["a"], ["c", 1]),
        ("Union[int, str]", [1, "a"], [1.5, []]),
        ("Sequence[int] | None", [[1], None], ["a", 1]),
        ("collections.abc.Mapping[str, int]", [{"a": 1}], [1, []]),
        ("'int'", [1], ["a"]),
        ("list", [[1]], [1]),
        ("dict", [{}], [[]]),
    ],
)
def test_a_simple_annotation_is_checked(annotation: str, right: list[Any], wrong: list[Any]) -> None:
    validator = Draft7Validator(annotation_schema(annotation))

    assert [validator.is_valid(value) for value in (*right, "${x}")] == [True] * (len(right) + 1)
    assert [validator.is_valid(value) for value in wrong] == [False] * len(wrong)


@pytest.mark.parametrize(
    "annotation", [None, "Any", "nn.Module", "int | nn.Module", "Callable[[int], str]", "a b", "T[int]"]
)
def test_any_other_annotation_allows_anything(annotation: str | None) -> None:
    assert annotation_schema(annotation) == {}


def test_one_alternative_needs_no_any_of_and_one_that_allows_all_swallows_the_others() -> None:
    assert either({"type": "null"}) == {"type": "null"}
    assert either({"type": "null"}, {}) == {}
    assert or_interpolation({}) == {}


def _is_read(cls: type, key: str, value: Any) -> bool:
    try:
        read_section(cls, {key: value}, "x")
    except ConfigError:
        return False
    return True
