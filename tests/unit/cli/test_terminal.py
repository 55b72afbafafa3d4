"""What a command prints."""

import os
import pty
import subprocess
import sys

import pytest

from accelerator.cli.terminal import plain_table, print_line, print_table

HEADER = ("metric", "value")
ROWS = [("test/loss", "0.03125"), ("test/accuracy", "1")]


def test_a_plain_table_is_aligned_with_numbers_to_the_right() -> None:
    assert plain_table(HEADER, ROWS) == (
        "metric           value\n"
        "test/loss      0.03125\n"
        "test/accuracy        1"
    )  # fmt: skip


def test_a_table_that_is_not_on_a_terminal_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500

    print_table(("name", "status"), [(long, "completed")])

    assert capsys.readouterr().out.splitlines()[1] == f"{long}  completed"


def _printed_on_terminal(**environment: str) -> str:
    code = (
        "from accelerator.cli.terminal import print_table; "
        "print_table(('metric', 'value'), [('[bold]x', '1')])"
    )  # fmt: skip
    main, worker = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    subprocess.run(
        [sys.executable, "-c", code], stdout=worker, env={**plain, "TERM": "xterm", **environment}, check=True
    )
    os.close(worker)
    text = os.read(main, 65536).decode()
    os.close(main)
    return text


def test_a_table_on_a_terminal_has_a_styled_head_and_takes_names_literally() -> None:
    text = _printed_on_terminal()

    assert "\x1b[1m" in text
    assert "[bold]x" in text


def test_no_color_is_respected_on_a_terminal() -> None:
    assert "\x1b[3" not in _printed_on_terminal(NO_COLOR="1")


def test_a_reader_that_went_away_stops_nothing() -> None:
    code = (
        "import sys; from accelerator.cli.terminal import print_line\n"
        "for _ in range(100_000): print_line('x' * 100)\n"
        "sys.stderr.write('done')"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()

    assert process.wait() == 0
    assert complaint == "done"


def test_a_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("[bold]a=1")

    assert capsys.readouterr().out == "[bold]a=1\n"
