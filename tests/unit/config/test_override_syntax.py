"""Where an override breaks the grammar."""

import pytest

from accelerator.config.override_syntax import find_syntax_error


@pytest.mark.parametrize(
    ("override", "place"),
    [("seed=1", None), ("a==b", (2, "=")), ("loss=[a,b", (9, "")), ("x y=3", (1, " ")), ("name=a:b{", (8, "{"))],
)
def test_the_place_of_a_syntax_error_is_found(override: str, place: tuple[int, str] | None) -> None:
    assert find_syntax_error(override) == place
