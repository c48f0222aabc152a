"""Line numbers of a TOML file's keys, and of what is no TOML.

Python's TOML reader does not say it. This one only looks for keys and the elements of
their arrays, in text that the other one has read: what is no TOML never comes here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from gosync.config.mistakes import Key
from gosync.pattern import compile_on_use

_PIECE: Final = compile_on_use(
    r'"""(?:\\.|[^\\])*?"""|'
    r"'''.*?'''|"
    r'"(?:\\.|[^"\\\n])*"|'
    r"'[^'\n]*'|"
    r"#[^\n]*|"
    r"[][{},=\n]|"
    r"[^\s\"'#\[\]{},=]+",
    re.DOTALL,
)
_OPENING: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


# How tomllib ends a message before Python 3.14, which has a field for it.
_AT_LINE: Final = compile_on_use(r"\(at line (\d+), column \d+\)\Z")


def line_of_error(error: Exception) -> int | None:
    """Return the line where Python's reader stopped; None where it does not say."""
    line = getattr(error, "lineno", None)
    if isinstance(line, int):
        return line
    said = _AT_LINE.search(str(error))
    return int(said[1]) if said else None


class KeyLines:
    """Where the keys of one file stand."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Key, int] = {}
        self._tables: Counter[Key] = Counter()
        self._table: Key = ()
        statement: list[tuple[str, int]] = []
        depth = 0
        line = 1
        end = 0
        for match in _PIECE.finditer(text):
            line += text.count("\n", end, match.start())
            end = match.start()
            piece = match[0]
            if piece == "\n" and depth == 0:
                self._take(statement)
                statement = []
            elif piece != "\n" and not piece.startswith("#"):
                depth += _OPENING.get(piece, 0)
                statement.append((piece, line))
        self._take(statement)

    def of(self, key: Key) -> int | None:
        """Return the line of a key, or of the nearest that it is below."""
        for end in range(len(key), 0, -1):
            if key[:end] in self._lines:
                return self._lines[key[:end]]
        return None

    def _take(self, statement: list[tuple[str, int]]) -> None:
        """Note one statement: a header, or a key and its value."""
        if not statement:
            return
        pieces = [piece for piece, _ in statement]
        line = statement[0][1]
        if pieces[0] == "[":
            self._open_table(_parts(t for t in pieces if t not in "[]"), line, pieces)
        elif "=" in pieces:
            at = pieces.index("=")
            key = self._table + self._numbered(_parts(pieces[:at]))
            for end in range(len(self._table) + 1, len(key) + 1):
                self._lines.setdefault(key[:end], line)
            self._take_elements(key, statement[at + 1 :])

    def _open_table(self, name: Key, line: int, pieces: list[str]) -> None:
        if pieces[:2] == ["[", "["]:
            self._tables[name] += 1
        self._table = self._numbered(name)
        for end in range(1, len(self._table) + 1):
            self._lines.setdefault(self._table[:end], line)

    def _numbered(self, name: Key) -> Key:
        """Return a name with the number of each array's current table in it."""
        key: Key = ()
        for end in range(1, len(name) + 1):
            key += name[end - 1 : end]
            if name[:end] in self._tables:
                key += (self._tables[name[:end]],)
        return key

    def _take_elements(self, key: Key, value: list[tuple[str, int]]) -> None:
        """Note the elements of an array."""
        if not value or value[0][0] != "[":
            return
        depth, number, begins = 0, 0, False
        for piece, line in value:
            if begins and piece != "]":
                number += 1
                self._lines[*key, number] = line
            depth += _OPENING.get(piece, 0)
            begins = depth == 1 and piece in "[,"


def _parts(pieces: Iterable[str]) -> Key:
    """Return the parts of a dotted key, without their quotes."""
    parts: list[str] = []
    for piece in pieces:
        if piece[0] in "\"'":
            parts.append(piece[1:-1])
        else:
            parts.extend(part for part in piece.split(".") if part)
    return tuple(parts)
