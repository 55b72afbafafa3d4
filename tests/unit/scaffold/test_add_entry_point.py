"""One more line in a user's `pyproject.toml`."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.errors import InputError
from accelerator.scaffold.add_entry_point import entry_point, with_entry_point

GROUP = '[project.entry-points."accelerator.model"]'
PROJECT = '[project]\nname = "p"\n'


def _with(text: str, name: str = "m") -> str:
    return with_entry_point(text, "model", name, f"p.model.{name}:M", "accelerator add model m")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PROJECT, f'{PROJECT}\n{GROUP}\nm = "p.model.m:M"\n'),
        ('[project]\nname = "p"', f'{PROJECT}\n{GROUP}\nm = "p.model.m:M"\n'),
        (
            f"{PROJECT}\n# of black\n[tool.black]\nx = 1\n",
            f'{PROJECT}\n{GROUP}\nm = "p.model.m:M"\n\n# of black\n[tool.black]\nx = 1\n',
        ),
        (
            f'{PROJECT}\n{GROUP}\na = "x:A"  # first\n\n# next\n[tool.x]\n',
            f'{PROJECT}\n{GROUP}\na = "x:A"  # first\nm = "p.model.m:M"\n\n# next\n[tool.x]\n',
        ),
        (
            f"{PROJECT}[project.entry-points.'accelerator.model']# mine\n",
            f"{PROJECT}[project.entry-points.'accelerator.model']# mine\nm = \"p.model.m:M\"\n",
        ),
        (
            f'{PROJECT}\n{GROUP}\n  m = "old:Old"  # keep me\n',
            f'{PROJECT}\n{GROUP}\nm = "p.model.m:M"  # keep me\n',
        ),
        (
            f'{PROJECT}[project.scripts]\ns = "a:b"\n[tool.x]\ntext = """\n[project.entry-points."no.table"]\n"""\n',
            None,
        ),
        (f'{PROJECT}[tool.x]\nlist = [\n  ["a"],\n]\n[[tool.y]]\nz = 1\n', None),
        (PROJECT.replace("\n", "\r\n"), f'{PROJECT}\n{GROUP}\nm = "p.model.m:M"\n'.replace("\n", "\r\n")),
    ],
)
def test_one_line_is_added_and_the_rest_stays(before: str, after: str | None) -> None:
    changed = _with(before)

    assert after is None or changed == after
    assert entry_point(changed, "model", "m") == "p.model.m:M"
    assert _with(changed) == changed


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "p"\nentry-points = {"accelerator.model" = {a = "x:A"}}\n',
        '[project]\nname = "p"\nentry-points."accelerator.model".a = "x:A"\n',
    ],
)
def test_a_form_that_lines_cannot_be_added_to_is_told(text: str) -> None:
    with pytest.raises(InputError) as told:
        _with(text)

    assert str(told.value) == (
        "accelerator add model m: pyproject.toml declares its entry points in a form that is not changed here. "
        'Add this to it, and repeat the command: [project.entry-points."accelerator.model"] '
        'with the line m = "p.model.m:M".'
    )


_TABLES = ["tool.black", 'project.entry-points."accelerator.loss"', 'project.entry-points."accelerator.model"', "a.b"]


@given(st.lists(st.sampled_from(_TABLES), unique=True), st.lists(st.sampled_from(["", "# note", "  "]), max_size=4))
def test_whatever_the_order_of_tables_every_line_is_kept(tables: list[str], between: list[str]) -> None:
    lines = ["[project]", 'name = "p"']
    for table in tables:
        lines += [*between, f"[{table}]", 'key = "v:V"']
    before = "\n".join(lines) + "\n"

    after = _with(before)

    added = [line for line in after.splitlines() if line not in lines and line.strip()]
    assert set(added) <= {'m = "p.model.m:M"', GROUP}
    assert [line for line in after.splitlines() if line in lines and line.strip()] == [x for x in lines if x.strip()]
    assert tomllib.loads(after)["project"]["entry-points"]["accelerator.model"]["m"] == "p.model.m:M"
