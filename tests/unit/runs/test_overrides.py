"""The overrides that a run was made with: also those of a folder that is damaged, or a stranger's."""

from pathlib import Path

import pytest

from accelerator.runs.folder import RunFolder
from accelerator.runs.overrides import read_overrides

BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


def test_overrides_are_given_as_typed(tmp_path: Path) -> None:
    (tmp_path / "overrides.yaml").write_text("- optimizer.lr=0.1\n- name='a b'\n")

    assert read_overrides(RunFolder(tmp_path)) == ["optimizer.lr=0.1", "name='a b'"]


@pytest.mark.parametrize("text", ["[a=1", "a: 1", "7", "[[a=1], {b: 2}]", BOMB, "\udcff"])
def test_what_holds_none_gives_none(tmp_path: Path, text: str) -> None:
    assert read_overrides(RunFolder(tmp_path)) == []
    (tmp_path / "overrides.yaml").write_text(text, errors="surrogateescape")

    assert read_overrides(RunFolder(tmp_path)) == []
