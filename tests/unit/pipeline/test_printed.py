"""The end of what a process printed."""

from pathlib import Path

import pytest

from accelerator.pipeline.printed import last_line


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"", ""), (b"\n\n", ""), (b"one\ntwo\n \n", "two"), (b"\xff\n", "\N{REPLACEMENT CHARACTER}")],
)
def test_the_last_line_that_says_something_is_given(tmp_path: Path, content: bytes, line: str) -> None:
    assert last_line(tmp_path / "absent") == ""
    (tmp_path / "log").write_bytes(content)

    assert last_line(tmp_path / "log") == line


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        file.truncate(1 << 36)  # 64 GB of nothing
        file.seek(0, 2)
        file.write(b"\nit is full\n")

    assert last_line(tmp_path / "log") == "it is full"
