import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.run_name import is_run_name


@given(st.lists(st.text("ab._- \n\tß", min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_name_is_a_path_that_stays_below_its_folder(parts: list[str]) -> None:
    name = "/".join(parts)
    is_sound = name == name.strip() and name.isprintable() and not {".", ".."} & set(parts)

    assert is_run_name(name) == is_sound


@pytest.mark.parametrize("name", ["", "/x", "x/", "a//b", "a/../b", "..", "a\x00b", " a", "a\u2028b"])
def test_what_leaves_the_folder_or_cannot_be_printed_is_no_name(name: str) -> None:
    assert not is_run_name(name)
