"""What a command prints: lines on stdout, complaints on stderr, tables.

On a terminal a table is drawn by rich and fits the window. Anywhere else it is plain text, neither wrapped, cut
nor coloured, so that it can be piped.
"""

import os
import re
import sys
from collections.abc import Sequence

COLUMN_GAP = "  "
# Control characters but tab and newline, what turns the direction of text, and halves of characters.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def print_line(text: str = "") -> None:
    """Print to stdout. When nobody reads it any more (`| head`), print no more and go on."""
    try:
        print(shown(text), flush=True)
    except BrokenPipeError:
        _silence_stdout()


def print_error(text: str) -> None:
    """Print to stderr."""
    try:
        print(shown(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        return


def shown(text: str) -> str:
    """Return text that a terminal only shows: what would move the cursor, colour or turn text is written out.

    Names of runs, metrics and files may come from a stranger.
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def in_one_line(text: str) -> str:
    """Return text as `shown`, with its line breaks written out: what stands in a row cannot make up another row."""
    return shown(text).replace("\n", "\\n").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn to fit on a terminal, plain text elsewhere. Numbers stand to the right."""
    header, rows = [in_one_line(cell) for cell in header], [[in_one_line(cell) for cell in row] for row in rows]
    if sys.stdout is not None and sys.stdout.isatty():
        _draw_table(header, rows)
    else:
        print_line(plain_table(header, rows))


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table as text, its columns aligned by spaces."""
    columns = list(zip(header, *rows, strict=True))
    padded = []
    for column in columns:
        width = max(len(cell) for cell in column)
        to_right = _holds_numbers(column[1:])
        padded.append([cell.rjust(width) if to_right else cell.ljust(width) for cell in column])
    return "\n".join(COLUMN_GAP.join(line).rstrip() for line in zip(*padded, strict=True))


def _draw_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD  # 50 ms, paid only where a table is drawn
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title, column in zip(header, zip(*rows, strict=True), strict=True):
        table.add_column(title, justify="right" if _holds_numbers(column) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _holds_numbers(cells: Sequence[str]) -> bool:
    return bool(cells) and all(cell == "" or _is_number(cell) for cell in cells)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _silence_stdout() -> None:
    """Point stdout at nothing, so that neither later prints nor Python's flush at exit raise again."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
