"""Two changes of one text put together: laws, examples by hand, and git as the judge."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator.scaffold.merge import merge

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "key: 1\n"]), max_size=8).map("".join)


@given(TEXTS, TEXTS)
def test_what_one_side_alone_changed_is_taken(base: str, changed: str) -> None:
    assert merge(base, changed, base) == changed
    assert merge(base, base, changed) == changed


@given(TEXTS, TEXTS)
def test_what_both_sides_changed_alike_is_taken_once(base: str, changed: str) -> None:
    assert merge(base, changed, changed) == changed


@given(TEXTS, TEXTS, TEXTS)
def test_the_sides_may_be_exchanged(base: str, mine: str, theirs: str) -> None:
    assert merge(base, mine, theirs) == merge(base, theirs, mine)


@given(TEXTS, TEXTS)
def test_a_merge_is_taken_over_by_merging_again(base: str, theirs: str) -> None:
    mine = f"mine\n{base}end\n"

    merged = merge(base, mine, theirs)

    assert merged is None or merge(base, merged, theirs) == merged


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"),
        ("a\nb\nc\n", "b\nc\n", "a\nb\nc\nd\n", "b\nc\nd\n"),
        ("a\nb\nc\n", "a\nx\nb\nc\n", "a\nb\ny\nc\n", "a\nx\nb\ny\nc\n"),
        ("a\nb\n", "A\nb\n", "a\nB\n", None),  # they touch
        ("a\n", "a\nmine\n", "a\ntheirs\n", None),  # two insertions at one place
        ("a\nb\nc\n", "", "a\nB\nc\n", None),  # deleted here, changed there
        ("a\nb", "a\nb\n", "A\nb", None),
        ("a\n\nb", "a\n\nb\n", "A\n\nb", "A\n\nb\n"),
    ],
)
def test_changes_of_different_places_are_put_together(base: str, mine: str, theirs: str, merged: str | None) -> None:
    assert merge(base, mine, theirs) == merged


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 19), max_size=3, unique=True),
    st.lists(st.integers(0, 19), max_size=3, unique=True),
)
def test_git_gives_the_same(tmp_path_factory: pytest.TempPathFactory, mine: list[int], theirs: list[int]) -> None:
    """Lines that are all different leave no choice of how to compare them."""
    base = [f"line {number}\n" for number in range(20)]
    sides = [
        "".join(f"{name}\n" if number in changed else line for number, line in enumerate(base))
        for name, changed in (("mine", mine), ("theirs", theirs))
    ]
    folder = tmp_path_factory.getbasetemp()
    files = [_file(folder / name, text) for name, text in zip("mbt", (sides[0], "".join(base), sides[1]), strict=True)]

    done = subprocess.run(["git", "merge-file", "-p", *files], capture_output=True, text=True)

    assert merge("".join(base), *sides) == (done.stdout if done.returncode == 0 else None)


def _file(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)
