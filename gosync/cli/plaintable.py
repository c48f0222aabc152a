"""Tables as plain lines: for a pipe, and for what is too long for a terminal.

Columns are as wide as their widest cell, and rows may be many: what is kept of a row
until the widths are known is one string.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final
from unicodedata import combining, east_asian_width

import click

from gosync.text import printable

_BETWEEN: Final = "\0"  # no cell holds one: they are printable
_GAP: Final = "  "
_LINES_AT_ONCE: Final = 1_000


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to standard output."""
    for lines in _batches(table_lines(columns, rows)):
        click.echo("\n".join(lines))


def table_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table's lines, its heading first."""
    widths = [_width(name) for name in columns]
    kept = [_BETWEEN.join(columns)]
    for row in rows:
        cells = [cell if cell.isprintable() else printable(cell) for cell in row]
        widths = list(map(max, widths, map(_width, cells)))
        kept.append(_BETWEEN.join(cells))
    return (_line(each.split(_BETWEEN), widths) for each in kept)


def _line(cells: list[str], widths: list[int]) -> str:
    padded = (
        cell + " " * (width - _width(cell))
        for cell, width in zip(cells, widths, strict=True)
    )
    return _GAP.join(padded).rstrip()


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(combining(char) != 0 for char in text)


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(lines, _LINES_AT_ONCE)):
        yield batch
