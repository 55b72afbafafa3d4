"""Where an override breaks Hydra's grammar."""

from typing import Any

from hydra.core.override_parser.overrides_parser import (  # type: ignore[attr-defined]
    CommonTokenStream,
    InputStream,
    OverrideLexer,
    OverrideParser,
)
from hydra.core.override_parser.overrides_visitor import HydraErrorListener


def find_syntax_error(override: str) -> tuple[int, str] | None:
    """Return where an override's grammar breaks: the character's place from 0, and the token there ("" at the end)."""
    lexer = OverrideLexer(InputStream(override))
    parser: Any = OverrideParser(CommonTokenStream(lexer))
    for recognizer in (lexer, parser):
        recognizer.removeErrorListeners()
        recognizer.addErrorListener(_Locating())
    try:
        parser.override()
    except _SyntaxErrorAt as found:
        return found.column, override[found.column :][: found.length]
    return None


class _SyntaxErrorAt(Exception):
    def __init__(self, column: int, length: int) -> None:
        self.column = column
        self.length = length


class _Locating(HydraErrorListener):
    def syntaxError(self, recognizer: Any, symbol: Any, line: Any, column: Any, msg: Any, e: Any) -> None:
        raise _SyntaxErrorAt(column, len(symbol.text) if symbol is not None else 1)
